/*
 * The id of a finding: the same from run to run for the same kind, class and
 * stacks.  Addresses, counts, bytes and thread ids do not go into it, nor do
 * lines: an edit elsewhere in the file must not make an old finding new.
 */
#ifndef RINGTAIL_STORE_FINDING_ID_H
#define RINGTAIL_STORE_FINDING_ID_H

#include "tools/finding/findings.h"
#include "tools/store/stack_set.h"

#define FINDING_ID_TEXT 17

struct finding_key {
	uint64_t id;    /* of names: two calls in one function have the same */
	uint64_t place; /* of places in files: tells them apart, in this build of the program */
};

struct finding_key finding_key(struct stack_set *stacks, const struct finding *finding);
/* 16 hexadecimal digits.  ordinal: how many findings of the same id there are before it, by place. */
void finding_id(struct finding_key key, size_t ordinal, char out[FINDING_ID_TEXT]);

#endif
