/* One instruction of x86-64, decoded by Zydis: as a site, if it can be one. */
#ifndef RINGTAIL_RACES_DECODE_H
#define RINGTAIL_RACES_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/races/site.h"

struct race_decoder;

/* NULL: ringtail was built without Zydis. */
struct race_decoder *race_decoder_new(void);
void race_decoder_free(struct race_decoder *decoder);

/* The length of the instruction in bytes; 0: these bytes are none.  *is_site: it accesses memory that may be shared, as
 * far as the instruction alone tells, and site is filled but for its function. */
size_t race_decode(const struct race_decoder *decoder, const uint8_t *bytes, size_t room, uint64_t address,
                   struct race_site *site, bool *is_site);

enum race_step_kind { RACE_STEP_ON, RACE_STEP_BRANCH, RACE_STEP_JUMP, RACE_STEP_CALL, RACE_STEP_RETURN };

/* What an instruction does with registers and flags, and where it goes on. */
struct race_step {
	size_t length;
	enum race_step_kind kind;
	uint64_t target;                /* of branches and jumps; 0: not known */
	uint16_t reads, writes;         /* general registers: a bit for each number; also of addresses */
	bool reads_flags, writes_flags; /* those of arithmetic */
};

/* False: the bytes are no instruction. */
bool race_decode_step(const struct race_decoder *decoder, const uint8_t *bytes, size_t room, uint64_t address,
                      struct race_step *step);

#endif
