/*
 * Wrong frees: of a block that was freed before, of a pointer into a block, or by the wrong function.  Each combination
 * of stacks is kept once.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_MISUSE_H
#define RINGTAIL_ANALYSE_HEAP_MISUSE_H

#include "tools/analyse/heap/heap.h"
#include "tools/finding/kinds.h"

/* What an address is that is given back and is no block. */
enum heap_place {
	PLACE_UNKNOWN,
	PLACE_INSIDE, /* of a block, behind its start */
	PLACE_BEFORE, /* right before a block */
	PLACE_OWN_STACK,
	PLACE_STACK, /* of another thread */
	PLACE_DATA,  /* of the executable or a library */
	PLACE_UNMAPPED,
	PLACE_ODD, /* not aligned */
};

struct heap_misuse {
	enum finding_class class; /* of misuse */
	uint32_t alloc_stack, earlier_stack,
	    free_stack; /* earlier: of the first free; PLACE_STACK: of the creation of `owner` */
	uint8_t alloc_type, free_type;
	uint8_t place;     /* invalid-free: enum heap_place */
	bool sizes_differ; /* mismatched-free: the function is right, and the size is not */
	uint32_t thread;
	uint32_t owner;            /* PLACE_STACK: the thread */
	uint64_t stamp;            /* of the first time; the next three, too */
	uint64_t address;          /* invalid-free */
	uint64_t size, size_given; /* sizes_differ */
};

/* The latest frees.  They tell a double free from a free of a block that was never seen.  The table is direct-mapped: a
 * free may push out another recent one, and then no double free is reported.  It is small for a process that frees
 * little. */
#define RECENT_BITS_FIRST 8
#define RECENT_BITS_MOST  16

struct recent_free {
	uint64_t address;
	uint32_t site, stack;
};

struct recent_frees {
	struct recent_free *slots; /* 1 << bits */
	unsigned bits;
	uint32_t until_growth; /* frees until the table grows */
};

struct misuse_table;

struct misuse_table *misuse_new(void);
void misuse_free(struct misuse_table *table);
void misuse_note(struct misuse_table *table, const struct heap_misuse *misuse);
/* Adds a finding for each misuse seen up to the stamp certain_until.  After that, events are missing. */
void misuse_report(const struct misuse_table *table, uint64_t certain_until, struct finding_list *findings);

/* The right counterpart of an allocation: RT_FREE, RT_OPERATOR_DELETE or RT_OPERATOR_DELETE_ARRAY. */
uint8_t misuse_right_free(uint8_t alloc_type);

void recents_init(struct recent_frees *recent);
void recents_free(struct recent_frees *recent);
void recents_grow(struct recent_frees *recent);
/* No free so far is known any more. */
void recents_forget(struct recent_frees *recent);

/* The slot in which a free of that address is, if the table has one. */
static inline struct recent_free *recent_slot(const struct recent_frees *recent, uint64_t address)
{
	return &recent->slots[address * UINT64_C(0x9e3779b97f4a7c15) >> (64 - recent->bits)];
}

static inline void recents_put(struct recent_frees *recent, struct recent_free freed)
{
	if (__builtin_expect(recent->until_growth-- == 0, 0))
		recents_grow(recent);
	*recent_slot(recent, freed.address) = freed;
}

#endif
