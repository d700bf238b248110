/*
 * The id of a finding: the same from run to run for the same kind, class and stacks.  Addresses, counts, bytes and
 * thread ids are not part of it.  Neither are line numbers: an edit elsewhere in the file must not make a known finding
 * new.
 */
#ifndef RINGTAIL_STORE_FINDING_ID_H
#define RINGTAIL_STORE_FINDING_ID_H

#include "tools/finding/findings.h"
#include "tools/store/stack_set.h"

#define FINDING_ID_TEXT 17

struct finding_key {
	uint64_t id;    /* hash of the names in the stacks: two calls in one function have the same */
	uint64_t place; /* hash of the places in files: tells such calls apart, within one build of the program */
};

struct finding_key finding_key(struct stack_set *stacks, const struct finding *finding);
/* Writes 16 hexadecimal digits.  ordinal: how many findings with the same id come before this one, in the order of
 * place. */
void finding_id(struct finding_key key, size_t ordinal, char out[FINDING_ID_TEXT]);

#endif
