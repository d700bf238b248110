/*
 * Stacks that the program did not record, as of threads that a tracer stopped.  The reader of a ring adds them to what
 * it has open, and they are read, named and stored like all others.  Their ids follow those of the ring's own tables;
 * the file is not changed.
 */
#ifndef RINGTAIL_SOURCE_ADDED_STACKS_H
#define RINGTAIL_SOURCE_ADDED_STACKS_H

#include "tools/source/ring_file.h"

/* Adds a stack to the ring: the address of an instruction, and the return addresses of its callers, innermost first.
 * root: RT_ROOT_*, how it ends.  stamp: when it was so.  The result is the id; RT_STACK_NONE: there is no id left. */
uint32_t added_stacks_put(struct ring_file *ring, const uint64_t *addresses, unsigned count, uint32_t root,
                          uint64_t stamp);

/* For ring_file.c. */
struct added_stacks;
void added_stacks_free(struct added_stacks *added);
/* The i-th pc or node that was added; NULL: there is none. */
const struct rt_pc *added_stacks_pc(const struct added_stacks *added, uint64_t i);
const uint64_t *added_stacks_node(const struct added_stacks *added, uint64_t i);
size_t added_stacks_pcs(const struct added_stacks *added);

#endif
