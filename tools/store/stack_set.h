/* The set of stacks to which rows of the database refer, and the names of their addresses. */
#ifndef RINGTAIL_STORE_STACK_SET_H
#define RINGTAIL_STORE_STACK_SET_H

#include "tools/base/u64_map.h"
#include "tools/source/ring_file.h"
#include "tools/symbolize/symbolize.h"

#define STACK_SET_FRAMES 66 /* the most frames of one address, inlined ones included */

struct pc_frames {
	int64_t module;  /* index in the ring + 1; 0: in no module */
	uint64_t offset; /* in the module's file; without a module, the address itself */
	unsigned count;
	struct symbol_frame frames[];
};

struct id_list {
	uint32_t *ids;
	size_t count, room;
};

struct stack_set {
	const struct ring_file *ring;
	struct symbolizer *symbolizer;
	/* These grow with the largest id seen: the ids of a small program are small. */
	uint64_t *nodes;           /* bit per node id */
	uint64_t *pcs;             /* bit per pc id */
	struct pc_frames **frames; /* by pc id; NULL until resolved */
	size_t node_words, pc_words, frame_room;
	uint32_t pc_count, node_limit;
	struct id_list used_nodes, used_pcs;
	struct u64_map wrappers; /* the functions that wrappers_find found, by stack_set_function */
};

void stack_set_new(struct stack_set *set, const struct ring_file *ring, struct symbolizer *symbolizer);
void stack_set_free(struct stack_set *set);

/* Adds a stack with all its callers.  True if it has any frame. */
bool stack_set_use(struct stack_set *set, uint32_t stack);
bool stack_set_has_node(const struct stack_set *set, uint32_t node);
/* Sorts the ids, so that rows are inserted in ascending order, which is fastest. */
void stack_set_sort(struct stack_set *set);
/* The frames of one address, resolved on the first call for it; NULL if there is no such pc. */
const struct pc_frames *stack_set_frames(struct stack_set *set, uint32_t pc);
/* A number for the function of a frame: the same for all its frames.  0: the function is not known. */
uint64_t stack_set_function(const struct pc_frames *place, const struct symbol_frame *frame);
/* Takes over a map whose keys are such numbers.  The frames of these functions have ROLE_ALLOCATES from now on. */
void stack_set_wrappers(struct stack_set *set, struct u64_map functions);

/* The frames of a stack, from the innermost outwards:
 *   for (struct stack_walk walk = stack_walk(set, stack); walk.place; stack_walk_out(&walk)) */
struct stack_walk {
	struct stack_set *set;
	uint32_t node, parent, pc;     /* of this address */
	const struct pc_frames *place; /* NULL: the stack has ended */
	unsigned frame;                /* index in place->frames */
	unsigned depth;                /* addresses so far: callers form a cycle in a damaged file */
};

/* stack: of the set; of any other, the walk has ended. */
struct stack_walk stack_walk(struct stack_set *set, uint32_t stack);
const struct symbol_frame *stack_walk_frame(const struct stack_walk *walk);
/* To the frame that called this one. */
void stack_walk_out(struct stack_walk *walk);
/* To the first frame of the caller's address. */
void stack_walk_to_caller(struct stack_walk *walk);

#endif
