/*
 * The place that a stack is named by: the innermost function that acts for itself.  Functions of the runtime and
 * wrappers of locks are passed over.  So are allocator wrappers, of which the outermost is named: "xmalloc < parse".
 *
 * If all functions are passed over, the outermost one of the program is named.
 *
 * Code that reads a database decides it here alone, and the HTML page takes it from here (where_indexes).  The view
 * v_place of the database has the same rule in SQL, and so has the code that names a block before there is a database
 * (tools/store/subject_names.c).  Roles of functions are in the database (frame.role).
 */
#ifndef RINGTAIL_QUERY_WHERE_H
#define RINGTAIL_QUERY_WHERE_H

#include <stddef.h>

#include "tools/query/frames.h"
#include "tools/query/stack_numbers.h"

struct where {                       /* frames belong to the query */
	const struct frame *wrapper; /* NULL: none */
	const struct frame *frame;   /* NULL: there is no stack */
};

/* The place of a stack.  Loads no more of it than is needed. */
struct where where_of_stack(struct query *query, int64_t process, int64_t stack);
/* The same number for all stacks of the database that are shown as one place. */
uint64_t where_number(struct query *query, int64_t process, int64_t stack);
/* The place of frames that are loaded. */
struct where where_of_frames(const struct frames *frames);
/* As where_of_frames, but a function whose source line is known is preferred to one without: for formats that show
 * source code. */
struct where where_in_source(const struct frames *frames);

/* Which frames of a stack are its place and its wrapper, counted from the innermost, from 1; 0: none. */
struct where_index {
	uint32_t frame, wrapper;
};

/* The places of all stacks of a process, by their numbers, for an output that holds all stacks: quicker than to ask for
 * each, because names are not read.  The caller frees the result. */
struct where_index *where_indexes(struct query *query, const struct numbered_stacks *stacks);

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
