/*
 * Frees that cannot be right: of a block freed before, of a pointer into a
 * block, by the wrong function.  Kept once for each combination of stacks.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_MISUSE_H
#define RINGTAIL_ANALYSE_HEAP_MISUSE_H

#include "tools/analyse/heap.h"

struct heap_misuse {
	const char *class; /* as in FINDINGS: "double-free", ... */
	uint32_t alloc_stack, earlier_stack, free_stack;
	uint8_t alloc_type, free_type;
	uint32_t thread;
	uint64_t stamp; /* of the first time */
};

/* The last frees, for telling a double free from a free of a block never seen.  Direct-mapped: a free may push
 * out one that was less than RECENT_FREES ago, and then nothing is claimed. */
#define RECENT_FREES 65536

struct recent_free {
	uint64_t address;
	uint32_t site, stack;
};

struct misuse_table;

struct misuse_table *misuse_new(void);
void misuse_free(struct misuse_table *table);
void misuse_note(struct misuse_table *table, const struct heap_misuse *misuse);
/* One finding each for what was seen before events began to be missing. */
void misuse_report(const struct misuse_table *table, uint64_t certain_until, struct finding_list *findings);

/* The right counterpart of an allocation: RT_FREE, RT_OPERATOR_DELETE or RT_OPERATOR_DELETE_ARRAY. */
uint8_t misuse_right_free(uint8_t alloc_type);

static inline size_t recent_slot(uint64_t address)
{
	return address * UINT64_C(0x9e3779b97f4a7c15) >> 48;
}
_Static_assert(RECENT_FREES == 1 << 16, "recent_slot gives 16 bits");

#endif
