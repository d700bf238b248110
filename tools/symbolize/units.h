/*
 * The compilation units of one module.  They give the function and line of an address, and the calls that were inlined
 * there.
 *
 * Units are found by their own ranges, because not every compiler writes .debug_aranges.  The functions of a unit, and
 * the inlined calls of a function, are read when an address first falls into them.
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
/* Fills frames innermost first, as symbolizer_resolve does, and returns their number; 0 if no unit has the address.
 * The outermost frame's function may be NULL, if only its line is known. */
unsigned units_find(struct units *units, struct names *names, uint64_t address, struct symbol_frame *frames,
                    unsigned max);
/* The unit that has the address: its entry that holds types and functions.  NULL: there is none. */
Dwarf_Die *units_die(const struct units *units, uint64_t address);
/* Writes the lines that the code at an address comes from: those of the rows at the address where the instruction
 * begins, of which there may be several, or, with of_function, all that code of its function comes from.  Returns their
 * number, which may be more than max; 0: not known. */
unsigned units_lines(struct units *units, struct names *names, uint64_t address, bool of_function,
                     struct symbol_line *lines, unsigned max);
void units_free(struct units *units);

#endif
