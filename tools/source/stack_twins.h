/*
 * One id for the stacks of one place in the code, whatever addresses its library was loaded at.
 *
 * A library that is unloaded and loaded again elsewhere has another entry among the modules, other addresses, and so
 * other stacks in the ring, although its code is the same.  Modules with the same path and build id are twins.  A stack
 * through a twin is replaced by the first stack with the same offsets in the same modules.  Without a build id, files
 * of one name may differ: then each load is a module of its own.
 *
 * As long as no module has a twin, every stack is its own first one, and looking costs nothing.
 */
#ifndef RINGTAIL_SOURCE_STACK_TWINS_H
#define RINGTAIL_SOURCE_STACK_TWINS_H

#include "tools/base/u64_map.h"
#include "tools/source/ring_file.h"

struct stack_twins { /* zeroed, with ring set: usable */
	const struct ring_file *ring;
	uint32_t modules;   /* looked at so far */
	uint32_t *first_of; /* by module index: index of the first of its twins */
	size_t module_room;
	bool any;         /* some module has an earlier twin */
	uint32_t *firsts; /* by stack: its first stack; 0: not looked for yet */
	size_t stack_room;
	struct u64_map pcs;   /* module and offset -> pc id */
	struct u64_map nodes; /* first parent and first pc -> stack */
};

void stack_twins_free(struct stack_twins *twins);
/* Looks for modules that are new since the last call.  True if that changed whether any has a twin: then the caller
 * calls stack_twins_first for each stack that it has used before, so that these stay what they are. */
bool stack_twins_look(struct stack_twins *twins);
/* The first stack of the same places. */
uint32_t stack_twins_first(struct stack_twins *twins, uint32_t stack);

#endif
