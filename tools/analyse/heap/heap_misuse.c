#include "tools/analyse/heap/heap_misuse.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "tools/finding/findings.h"
#include "tools/base/format.h"
#include "tools/base/memory.h"

struct misuse_key {
	uint32_t class;
	uint32_t alloc_stack, earlier_stack, free_stack;
	uint8_t alloc_type, free_type;
	uint8_t place, sizes_differ;
};
_Static_assert(sizeof(struct misuse_key) == 20, "hashed as bytes: no padding");

struct misuse_entry {
	struct misuse_key key;
	struct heap_misuse first;
	uint64_t times;
	UT_hash_handle hh;
};

struct misuse_table {
	struct misuse_entry *entries;
};

struct misuse_table *misuse_new(void) { return memory_zeroed(1, sizeof(struct misuse_table)); }

void misuse_free(struct misuse_table *table)
{
	struct misuse_entry *entry, *next;

	HASH_ITER(hh, table->entries, entry, next)
	{
		HASH_DEL(table->entries, entry);
		free(entry);
	}
	free(table);
}

void misuse_note(struct misuse_table *table, const struct heap_misuse *misuse)
{
	struct misuse_key key = {misuse->class,      misuse->alloc_stack, misuse->earlier_stack, misuse->free_stack,
	                         misuse->alloc_type, misuse->free_type,   misuse->place,         misuse->sizes_differ};
	struct misuse_entry *entry;

	HASH_FIND(hh, table->entries, &key, sizeof key, entry);
	if (!entry) {
		entry = memory_zeroed(1, sizeof *entry);
		entry->key = key;
		entry->first = *misuse;
		HASH_ADD(hh, table->entries, key, sizeof entry->key, entry);
	}
	entry->times++;
}

void recents_init(struct recent_frees *recent)
{
	recent->bits = RECENT_BITS_FIRST;
	recent->slots = memory_zeroed((size_t)1 << recent->bits, sizeof *recent->slots);
	recent->until_growth = 1u << recent->bits;
}

void recents_free(struct recent_frees *recent) { free(recent->slots); }

void recents_forget(struct recent_frees *recent)
{
	memset(recent->slots, 0, ((size_t)1 << recent->bits) * sizeof *recent->slots);
}

void recents_grow(struct recent_frees *recent)
{
	struct recent_frees more = {.bits = RECENT_BITS_MOST, .until_growth = UINT32_MAX};

	if (recent->bits == RECENT_BITS_MOST)
		return;
	more.slots = memory_zeroed((size_t)1 << more.bits, sizeof *more.slots);
	for (size_t i = 0; i < (size_t)1 << recent->bits; i++)
		if (recent->slots[i].address)
			*recent_slot(&more, recent->slots[i].address) = recent->slots[i];
	free(recent->slots);
	*recent = more;
}

uint8_t misuse_right_free(uint8_t alloc_type)
{
	switch (alloc_type) {
	case RT_OPERATOR_NEW:
		return RT_OPERATOR_DELETE;
	case RT_OPERATOR_NEW_ARRAY:
		return RT_OPERATOR_DELETE_ARRAY;
	default:
		return RT_FREE;
	}
}

static const char *alloc_name(uint8_t type)
{
	switch (type) {
	case RT_OPERATOR_NEW:
		return "operator new";
	case RT_OPERATOR_NEW_ARRAY:
		return "operator new[]";
	case RT_REALLOC_END:
		return "realloc()";
	default:
		return "malloc() or a relative of it";
	}
}

static const char *free_name(uint8_t type)
{
	switch (type) {
	case RT_OPERATOR_DELETE:
		return "delete";
	case RT_OPERATOR_DELETE_ARRAY:
		return "delete[]";
	case RT_REALLOC_BEGIN:
		return "realloc()";
	default:
		return "free()";
	}
}

static const char *sized_name(uint8_t free_type)
{
	return free_type == RT_FREE ? "free_sized() or free_aligned_sized()" : free_name(free_type);
}

static const char *request_name(uint8_t alloc_type)
{
	switch (alloc_type) {
	case RT_CALLOC:
		return "calloc()";
	case RT_REALLOC_END:
		return "realloc() or reallocarray()";
	default:
		return alloc_name(alloc_type);
	}
}

static void describe_mismatch(struct finding *finding, const struct heap_misuse *misuse)
{
	if (misuse->sizes_differ)
		finding_message(finding, "a block of %llu %s from %s is given to %s with a size of %llu",
		                (unsigned long long)misuse->size, plural(misuse->size, "byte", "bytes"),
		                alloc_name(misuse->alloc_type), sized_name(misuse->free_type),
		                (unsigned long long)misuse->size_given);
	else
		finding_message(finding, "a block from %s is given to %s; release it with %s",
		                alloc_name(misuse->alloc_type), free_name(misuse->free_type),
		                free_name(misuse_right_free(misuse->alloc_type)));
	finding->by_malloc = !misuse->sizes_differ && misuse_right_free(misuse->alloc_type) == RT_FREE;
	finding->by_free = !misuse->sizes_differ && misuse->free_type == RT_FREE;
}

static void describe_place(struct finding *finding, const struct heap_misuse *misuse)
{
	static const char *const places[] = {
	    [PLACE_INSIDE] = "a pointer into the middle of a block, not to its start",
	    [PLACE_BEFORE] = "an address right before a block, where the allocator keeps its own data",
	    [PLACE_OWN_STACK] = "an address in the stack of the thread that calls it: a local variable is no block",
	    [PLACE_STACK] = "an address in the stack of another thread: a local variable is no block",
	    [PLACE_DATA] = "the address of static data" FINDING_DATA ", which is no block",
	    [PLACE_UNMAPPED] = "an address at which there is no memory",
	    [PLACE_ODD] = "an address that is not aligned, as no block's is",
	};

	finding_message(finding, "%s is given %s", free_name(misuse->free_type), places[misuse->place]);
	if (misuse->place == PLACE_DATA) {
		finding->data_address = misuse->address;
		finding->data_stamp = misuse->stamp;
	}
}

static void describe(struct finding *finding, const struct heap_misuse *misuse)
{
	switch (misuse->class) {
	case FINDING_MISUSE_MISMATCHED_FREE:
		describe_mismatch(finding, misuse);
		break;
	case FINDING_MISUSE_INVALID_FREE:
		describe_place(finding, misuse);
		break;
	case FINDING_MISUSE_NEGATIVE_SIZE:
		finding_message(finding, "%s is asked for a size that looks like a negative number%s, and fails",
		                request_name(misuse->alloc_type),
		                misuse->alloc_type == RT_CALLOC || misuse->alloc_type == RT_REALLOC_END
		                    ? " or a product that overflows"
		                    : "");
		break;
	case FINDING_MISUSE_REALLOC_OF_FREED:
		finding_message(finding, "realloc() is given a block that had been freed");
		break;
	default:
		finding_message(finding, "%s is given a block that had been freed already",
		                free_name(misuse->free_type));
		break;
	}
}

static void add_stacks(struct finding *finding, const struct heap_misuse *misuse)
{
	bool is_request = misuse->class == FINDING_MISUSE_NEGATIVE_SIZE;

	if (is_request)
		finding_add_stack(finding, "called here", misuse->thread, misuse->stamp, misuse->alloc_stack);
	else if (misuse->alloc_stack)
		finding_add_stack(finding,
		                  misuse->place == PLACE_BEFORE ? "the block was allocated here" : "allocated here", 0,
		                  0, misuse->alloc_stack);
	if (misuse->earlier_stack)
		finding_add_stack(finding,
		                  misuse->place == PLACE_STACK ? "that thread was created here" : "freed here first",
		                  misuse->owner, 0, misuse->earlier_stack);
	if (!is_request)
		finding_add_stack(finding, misuse->free_type == RT_REALLOC_BEGIN ? "reallocated here" : "freed here",
		                  misuse->thread, misuse->stamp, misuse->free_stack);
}

static void report_one(const struct misuse_entry *entry, struct finding_list *findings)
{
	const struct heap_misuse *misuse = &entry->first;
	struct finding *finding = finding_add(findings, misuse->class);

	describe(finding, misuse);
	finding->times = entry->times;
	finding_add_thread(finding, misuse->thread);
	if (misuse->owner)
		finding_add_thread(finding, misuse->owner);
	add_stacks(finding, misuse);
}

void misuse_report(const struct misuse_table *table, uint64_t certain_until, struct finding_list *findings)
{
	const struct misuse_entry *entry;

	for (entry = table->entries; entry; entry = entry->hh.next)
		if (entry->first.stamp <= certain_until)
			report_one(entry, findings);
}
