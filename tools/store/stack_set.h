/* The stacks that something in the database refers to, and what their addresses are called. */
#ifndef RINGTAIL_STORE_STACK_SET_H
#define RINGTAIL_STORE_STACK_SET_H

#include "tools/source/ring_file.h"
#include "tools/symbolize/symbolize.h"

#define STACK_SET_FRAMES 66 /* of one address at most */

struct pc_frames {
	int64_t module;  /* index in the ring + 1, 0: in none */
	uint64_t offset; /* in the module's file; the address itself where there is no module */
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
	/* Grown as ids come: those of a small program are small. */
	uint64_t *nodes;           /* bit per node id */
	uint64_t *pcs;             /* bit per pc id */
	struct pc_frames **frames; /* by pc id, NULL until asked for */
	size_t node_words, pc_words, frame_room;
	uint32_t pc_count, node_limit;
	struct id_list used_nodes, used_pcs;
};

void stack_set_new(struct stack_set *set, const struct ring_file *ring, struct symbolizer *symbolizer);
void stack_set_free(struct stack_set *set);

/* Notes that a stack is referred to, with all its callers.  Whether it has any frame. */
bool stack_set_use(struct stack_set *set, uint32_t stack);
bool stack_set_has_node(const struct stack_set *set, uint32_t node);
/* In the order in which tables like to grow. */
void stack_set_sort(struct stack_set *set);
/* The frames of one address, resolved once; NULL where there is no such pc. */
const struct pc_frames *stack_set_frames(struct stack_set *set, uint32_t pc);

#endif
