/*
 * All stacks of one process in memory, for exporters, which need every stack.  With hundreds of thousands of stacks, a
 * query for each would take minutes.
 */
#ifndef RINGTAIL_EXPORT_STACKS_H
#define RINGTAIL_EXPORT_STACKS_H

#include "tools/export/places.h"
#include "tools/query/query.h"

#define STACK_PLACES_MOST 4200 /* the frames of the deepest recorded stack, and the places added at its ends */

struct stack_node {
	uint32_t id;     /* stack.id */
	uint32_t parent; /* index + 1; 0: none, and `root` tells why */
	uint32_t place;  /* index + 1 */
	uint32_t root;   /* RT_ROOT_* */
};

struct stacks {
	struct stack_node *nodes; /* in the order of their ids */
	size_t count;
};

/* Reads the stacks of a process, and adds their places to `places`.  False: query->err is filled. */
bool stacks_load(struct stacks *stacks, struct places *places, struct query *query, int64_t process);
void stacks_free(struct stacks *stacks);
/* Writes the places (index + 1) of a stack, innermost first, and returns their number.  A stack without a frame, and
 * the outer end of an incomplete stack, get a place that says so. */
unsigned stacks_places(const struct stacks *stacks, struct places *places, int64_t stack,
                       uint32_t out[STACK_PLACES_MOST]);

#endif
