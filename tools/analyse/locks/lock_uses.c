#include "tools/analyse/locks/lock_uses.h"

#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/lock_analysis.h"
#include "tools/analyse/threads/threads.h"
#include "tools/base/memory.h"

/* Hardly any object is larger than a page, and hardly any block that a program divides is smaller. */
#define DIVIDED_LEAST 4096u

/* True if the program may have made several locks of this memory, one after the other, by no call. */
static bool is_divided(const struct lock_analysis *locks, const struct lock *lock, uint64_t stamp)
{
	uint64_t address = lock->result.address, start, size;
	struct heap_analysis *heap = locks->sources.heap;

	if (lock->init_seen || lock->maybe_foreign || lock->frame_thread)
		return false;
	if (ring_file_module_at(locks->ring, address, stamp) ||
	    (locks->sources.threads && threads_on_stack(locks->sources.threads, address)))
		return false;
	if (heap && heap_block_around(heap, address, &start, &size))
		return size >= DIVIDED_LEAST;
	return locks->ring->map && heap && heap_can_search(heap);
}

void lock_uses_begin(const struct lock_analysis *locks, struct lock *lock, uint64_t stamp)
{
	if (lock->memory_known)
		return;
	lock->memory_known = true;
	if (is_divided(locks, lock, stamp))
		lock->uses = memory_zeroed(1, sizeof *lock->uses);
}

void lock_uses_note(struct lock_uses *uses, uint32_t stack, uint64_t stamp)
{
	struct use_span *span = uses->spans;

	while (span < uses->spans + uses->count && span->stack != stack)
		span++;
	if (span == uses->spans + uses->count && uses->count < USES_KNOWN)
		uses->count++;
	if (!span->last)
		*span = (struct use_span){stack, stamp, stamp};
	if (stamp < span->first)
		span->first = stamp;
	if (stamp > span->last)
		span->last = stamp;
}

/* ---- one lock ----------------------------------------------------------------------------------- */

struct code_span { /* by one function */
	uint64_t code, first, last;
};

/* What takes the lock at this stack: the function, or what is known of it. */
static uint64_t code_of(const struct lock_analysis *locks, uint32_t stack)
{
	const struct code_source *source = locks->sources.code;
	uint64_t code = source && source->function ? source->function(source->context, stack) : 0;

	return code ? code : stack;
}

static size_t spans_by_code(const struct lock_analysis *locks, const struct lock_uses *uses, struct code_span *spans)
{
	size_t count = 0;

	for (const struct use_span *use = uses->spans; use < uses->spans + USES_KNOWN + 1 && use->last; use++) {
		uint64_t code = code_of(locks, use->stack);
		size_t i = 0;

		while (i < count && spans[i].code != code)
			i++;
		if (i == count)
			spans[count++] = (struct code_span){code, use->first, use->last};
		if (use->first < spans[i].first)
			spans[i].first = use->first;
		if (use->last > spans[i].last)
			spans[i].last = use->last;
	}
	return count;
}

/* Goes on from span to span as long as a function has taken the lock before and takes it after. */
static bool cover(const struct code_span *spans, size_t count, uint64_t from, uint64_t until)
{
	for (bool moved = true; moved && from < until;) {
		moved = false;
		for (size_t i = 0; i < count; i++)
			if (spans[i].first <= from && spans[i].last > from) {
				from = spans[i].last;
				moved = true;
			}
	}
	return from >= until;
}

bool lock_uses_are_of_one(const struct lock_analysis *locks, const struct lock *lock, uint64_t one, uint64_t other)
{
	struct code_span spans[USES_KNOWN + 1];

	return !lock->uses || cover(spans, spans_by_code(locks, lock->uses, spans), one < other ? one : other,
	                            one < other ? other : one);
}
