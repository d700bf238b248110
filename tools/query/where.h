/*
 * The places of stacks, as the database has them (stack.place, stack.wrapper), for lists: rows of one place are
 * one row.  The rule that decides places is symbolize/place.h; where_of_stack (frames.h) asks for one.
 */
#ifndef RINGTAIL_QUERY_WHERE_H
#define RINGTAIL_QUERY_WHERE_H

#include <stddef.h>

#include "tools/query/frames.h"
#include "tools/query/stack_numbers.h"

/* The same number for all stacks of the database that are shown as one place. */
uint64_t where_number(struct query *query, int64_t process, int64_t stack);
/* The place of frames that are loaded, but a function whose source line is known is preferred to one without: for
 * formats that show source code. */
struct where where_in_source(const struct frames *frames);

/* The places of all stacks of a process, by their numbers, for an output that holds all stacks: quicker than to ask for
 * each, because names are not read.  The caller frees the result. */
struct place_index *where_indexes(struct query *query, const struct numbered_stacks *stacks);

/* ---- rows of one place ---------------------------------------------------------------------- */

#define PLACE_NUMBERS 6

/* Selects, for a process, `sums` whole numbers, then `maxima` ones, then a kind (text or NULL), then a stack. */
struct place_query {
	const char *sql;
	unsigned sums, maxima;
};

struct place_row {
	uint64_t numbers[PLACE_NUMBERS];
	char *kind;     /* NULL: the rows have none */
	int64_t stack;  /* of its parts, the one that comes first */
	uint64_t first; /* numbers[0] of that stack */
	size_t stacks;  /* how many were added up */
};

struct place_rows { /* sorted by their numbers, the first number first, most first */
	struct place_row *items;
	size_t count;
};

/* Adds up the rows that have one kind and one place. */
struct place_rows where_add_up(struct query *query, const struct place_query *rows, int64_t process);
/* The rows that were added up to this row, one for each stack. */
struct place_rows where_open(struct query *query, const struct place_query *rows, int64_t process,
                             const struct place_row *row);
void place_rows_free(struct place_rows *rows);

#endif
