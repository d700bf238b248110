/*
 * All stacks of one process in memory, for exporters, which want every one of them: a query each would take minutes
 * where there are hundreds of thousands.
 */
#ifndef RINGTAIL_EXPORT_STACKS_H
#define RINGTAIL_EXPORT_STACKS_H

#include "tools/export/places.h"
#include "tools/query/query.h"

#define STACK_PLACES_MOST 4200 /* the deepest stack that is recorded, and what stands at its ends */

struct stack_node {
	uint32_t id;     /* stack.id */
	uint32_t parent; /* index + 1; 0: root tells why there is none */
	uint32_t place;  /* index + 1 */
	uint32_t root;   /* RT_ROOT_* */
};

struct stacks {
	struct stack_node *nodes; /* in the order of their ids */
	size_t count;
};

/* Reads the stacks of a process; what they are called goes into places.  False: query->err is filled. */
bool stacks_load(struct stacks *stacks, struct places *places, struct query *query, int64_t process);
void stacks_free(struct stacks *stacks);
/* The places (index + 1) of a stack, innermost first.  Of a stack without a frame, and at the outer end of one that is
 * not whole, a place says so.  Returns how many there are. */
unsigned stacks_places(const struct stacks *stacks, struct places *places, int64_t stack,
                       uint32_t out[STACK_PLACES_MOST]);

#endif
