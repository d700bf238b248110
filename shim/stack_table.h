/*
 * The two tables that stacks are made of, both in the ring file, both insert-only
 * and lock-free: distinct addresses (pcs), and the tree of (parent, pc) nodes.
 *
 * Each table is a row of levels, every level a few times as large as the one before.
 * A key hashes to a few small groups of slots per level (a node's group: a cache line).
 * It lives in the first free slot found going through its groups from the first level
 * on; slots are never freed, so a search for a key meets it before the first free
 * slot.  A node's very first group is in the page where its parent is: stacks that part
 * from each other then touch few pages.
 * An address of a library that is gone stays where it is, marked dead; the same address
 * of another library has a slot, and an id, of its own.
 * Insertion is one compare-and-swap of 0 -> key; the loser looks at the slot again.
 * Small programs touch only the first, small level.  The index of the slot is the id.
 */
#ifndef RINGTAIL_STACK_TABLE_H
#define RINGTAIL_STACK_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/format.h"

#pragma GCC visibility push(hidden)

#define PC_LEVELS    4
#define NODE_LEVELS  6
#define LEVELS_LEAST 2 /* where memory is limited: 17,000 addresses and 70,000 nodes */

#define STACK_PC_BITS   21 /* of an address's id */
#define STACK_NODE_BITS 24 /* of a node's, as in a record */

/* Entries of the first so many levels. */
uint32_t stack_table_pcs(unsigned levels);
uint32_t stack_table_nodes(unsigned levels);

/* How to get from a frame to its caller's, packed by unwind_rule (unwind.h). */
typedef uint32_t stack_rule;

struct stack_pc {
	uint32_t id; /* 0: no room */
	stack_rule rule;
};

/* Finds or adds an address.  exact: it is not a return address.  Any thread, signal handlers too. */
struct stack_pc stack_table_pc(uintptr_t pc, bool exact);

/* Finds or adds a node; 0 when there is no room (counted). */
uint32_t stack_table_node(uint32_t parent, uint32_t pc_id);

/* Marks the addresses in [start, end) as those of a library that is gone. */
void stack_table_bury(uintptr_t start, uintptr_t end);
/* The library of that module number is back where it was. */
void stack_table_revive(uint32_t module);

#pragma GCC visibility pop

#endif
