/*
 * The places in the code that stacks lead through, each once for all processes of a run: what a library is called
 * and what a function in it is called is the same in each process that runs it.
 */
#ifndef RINGTAIL_EXPORT_PLACES_H
#define RINGTAIL_EXPORT_PLACES_H

#include <stdbool.h>

#include "tools/base/u64_map.h"
#include "tools/base/strings.h"

struct mapping { /* a module, at the addresses where the first process had it */
	uint32_t path, build_id, missing; /* texts */
	uint64_t start, end, bias;
	bool files, lines, inlined; /* something in it has them */
	struct u64_map by_offset;   /* index + 1 of the place */
};

struct function {
	uint32_t name, file; /* texts */
	uint32_t mapping;    /* index + 1, 0: in none */
};

struct place_line {
	uint32_t function; /* index */
	uint32_t line;     /* 0: not known */
};

struct place {
	uint64_t address;      /* in memory, within the call; 0: there is none */
	uint32_t mapping;      /* index + 1, 0: in none */
	uint32_t first, count; /* of lines: innermost first, all but the last are inlined */
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
/* Index of the module, which is made where it is new.  alone: it is not to be shared with other processes. */
uint32_t places_mapping(struct places *places, const struct mapping *mapping, bool alone);
/* The place at offset of a module (index + 1), or 0 where it has not been added yet. */
uint32_t places_find(const struct places *places, uint32_t mapping, uint64_t offset);
/* Adds a place without lines; mapping 0: code that is in no module, offset is its address.  Returns its index + 1. */
uint32_t places_add(struct places *places, uint32_t mapping, uint64_t offset);
/* Adds the next call to the place that was added last, from the innermost outwards. */
void places_add_line(struct places *places, uint32_t name, uint32_t file, uint32_t line);
/* A place that stands for what has no address: "[no stack]".  Returns its index + 1. */
uint32_t places_special(struct places *places, const char *name);

static inline const char *places_text(const struct places *places, uint32_t text) { return places->texts.items[text]; }

#endif
