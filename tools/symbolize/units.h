/*
 * The compilation units of one module and what they say about an address:
 * function, line and the calls that were inlined there.
 *
 * Units are found by their own ranges (not every compiler writes .debug_aranges); a unit's functions
 * and a function's inlined calls are read when an address first falls into them.
 */
#ifndef RINGTAIL_SYMBOLIZE_UNITS_H
#define RINGTAIL_SYMBOLIZE_UNITS_H

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/symbolize/names.h"
#include "tools/symbolize/symbolize.h"

struct unit;
struct unit_range {
	uint64_t low, high;
	struct unit *unit;
};

struct units {
	struct unit *list;
	struct unit_range *ranges; /* sorted by low */
	size_t count, room;
};

void units_load(struct units *units, Dwarf *dwarf);
/* Fills frames innermost first, as symbolizer_resolve does; 0 when no unit has the address.  The outermost
 * frame's function may be NULL where only its line is known. */
unsigned units_find(struct units *units, struct names *names, uint64_t address, struct symbol_frame *frames,
                    unsigned max);
void units_free(struct units *units);

#endif
