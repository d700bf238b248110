/* What debug information and sources tell of an access, for the facts of tools/races/classify.h. */
#ifndef RINGTAIL_RACES_EVIDENCE_H
#define RINGTAIL_RACES_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/races/classify.h"
#include "tools/symbolize/symbolize.h"

/* Where an instruction stands: an address of a module, minus the module's bias. */
struct race_place {
	const struct rt_module *module;
	uint64_t offset;
};

/* Fills what the place tells: side->source, side->copies, and side->compilers where the debug information names the
 * compiler of this very code; else side->compilers stays what the caller has set by race_compilers_of. */
void race_evidence_of_side(struct symbolizer *symbolizer, const struct race_place *place, struct race_side *side);

/* The type of what is accessed.  variable: its module and offset, if it is a global one; a zeroed place for others,
 * which are plain if the code of both sides knows no other types. */
enum race_type race_evidence_of_type(struct symbolizer *symbolizer, const struct race_place *variable,
                                     const struct race_place sides[2]);

/* By the name of the innermost function, as symbolize/ has it; RACE_SOURCE_UNKNOWN for others than those of atomics and
 * volatile accesses. */
enum race_source race_source_by_function(const char *function);
/* True for memcpy, memset, strcpy and their like, also as the C library's symbols call them ("__memmove_evex_..."). */
bool race_function_copies(const char *function);

#endif
