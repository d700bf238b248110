/*
 * The places in the code through which stacks lead.  Each place is kept once for all processes of a run, as a library
 * and its functions have the same names in each process.
 */
#ifndef RINGTAIL_EXPORT_PLACES_H
#define RINGTAIL_EXPORT_PLACES_H

#include <stdbool.h>

#include "tools/base/u64_map.h"
#include "tools/base/strings.h"

struct mapping {                          /* a module, at the addresses where the first process had it */
	uint32_t path, build_id, missing; /* texts */
	uint64_t start, end, bias;
	bool files, lines, inlined; /* at least one place in it has these */
	struct u64_map by_offset;   /* index + 1 of the place */
};

struct function {
	uint32_t name, file; /* texts */
	uint32_t mapping;    /* index + 1; 0: in no module */
};

struct place_line {
	uint32_t function; /* index */
	uint32_t line;     /* 0: not known */
};

struct place {
	uint64_t address;      /* in memory, within the call instruction; 0: it has no address */
	uint32_t mapping;      /* index + 1; 0: in no module */
	uint32_t first, count; /* its part of `lines`: innermost first; all but the last are inlined */
};

struct function_entry;
struct places {
	struct strings texts;
	struct mapping *mappings;
	size_t mapping_count, mapping_room;
	struct function *functions;
	size_t function_count, function_room;
	struct place_line *lines;
	size_t line_count, line_room;
	struct place *items;
	size_t count, room;
	struct function_entry *function_entries;
	struct u64_map specials; /* by text: index + 1 of the place */
};

void places_init(struct places *places);
void places_free(struct places *places);
/* Index of the module, which is added if it is new.  alone: processes do not share it. */
uint32_t places_mapping(struct places *places, const struct mapping *mapping, bool alone);
/* Index + 1 of the place at this offset of a module; 0 if it was not added yet. */
uint32_t places_find(const struct places *places, uint32_t mapping, uint64_t offset);
/* Adds a place without lines; mapping 0: code that is in no module, offset is its address.  Returns its index + 1. */
uint32_t places_add(struct places *places, uint32_t mapping, uint64_t offset);
/* Adds the next call to the place that was added last, from the innermost outwards. */
void places_add_line(struct places *places, uint32_t name, uint32_t file, uint32_t line);
/* A place without an address, such as "[no stack]".  Returns its index + 1. */
uint32_t places_special(struct places *places, const char *name);

static inline const char *places_text(const struct places *places, uint32_t text) { return places->texts.items[text]; }

#endif
