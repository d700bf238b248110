/* All stacks of one process, for exporters, which need every stack: the tree, and the place of each node. */
#ifndef RINGTAIL_EXPORT_STACKS_H
#define RINGTAIL_EXPORT_STACKS_H

#include "tools/export/places.h"
#include "tools/query/stack_tree.h"

#define STACK_PLACES_MOST 4200 /* the frames of the deepest recorded stack, and the places added at its ends */

struct stacks {
	struct stack_tree tree;
	uint32_t *places; /* of each node: index + 1 */
};

/* Reads the stacks of a process, and adds their places to `places`.  False: query->err is filled. */
bool stacks_load(struct stacks *stacks, struct places *places, struct query *query, int64_t process);
void stacks_free(struct stacks *stacks);
/* Writes the places (index + 1) of a stack, innermost first, and returns their number.  A stack without a frame, and
 * the outer end of an incomplete stack, get a place that says so. */
unsigned stacks_places(const struct stacks *stacks, struct places *places, int64_t stack,
                       uint32_t out[STACK_PLACES_MOST]);

#endif
