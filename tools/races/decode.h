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

#endif
