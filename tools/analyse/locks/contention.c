/*
 * Contention: for how long threads waited, where, and for which holder.
 *
 * A wait is counted when it is over, for the pair (where the waiter waits, where the holder took the lock) and the
 * lock's class (lock_classes.h), so that memory grows with places in the code and never with locks or events.
 *
 * The holder.  An acquisition is stamped after the lock was acquired.  So a wait may have an earlier stamp than the
 * acquisition of the thread that it waits for, and then no holder is known when the wait begins.  In that case the
 * holder is the thread that took the lock last before the wait was over.  A wait for an object without an owner (a
 * condition, a semaphore, a barrier) is ended by a waker, which counts in place of the holder.
 *
 * Holds are counted in the same way by (where the lock was taken, class); the longest waits and holds are kept one by
 * one, a bounded number (lock_intervals.h).
 */
#include "tools/analyse/locks/contention.h"

#include <stdlib.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"

#define MAX_PAIRS     100000u /* pairs of stacks; waits of further pairs count for an unknown holder */
#define WORTH_TELLING 1000u   /* reported are places where waits took at least 1/1000 of the process's life */
#define TOLD_HOLDERS  3u      /* holders that one finding names */

struct wait_entry {
	struct wait_site site; /* the first three members of site are the key */
	UT_hash_handle hh;
};

#define KEY_BYTES (3 * sizeof(uint32_t))
_Static_assert(offsetof(struct wait_site, holder_stack) + sizeof(uint32_t) == KEY_BYTES, "hashed as bytes: no padding");

void contention_free(struct contention *contention)
{
	struct wait_entry *entry, *next;

	HASH_ITER(hh, contention->waits, entry, next)
	{
		HASH_DEL(contention->waits, entry);
		free(entry);
	}
	u64_map_free(&contention->hold_index);
	lock_intervals_free(&contention->longest_waits);
	lock_intervals_free(&contention->longest_holds);
	free(contention->holds);
	free(contention->results);
	*contention = (struct contention){0};
}

/* ---- events ---------------------------------------------------------------------------- */

static struct wait_entry *entry_find(const struct contention *contention, const struct wait_site *site)
{
	struct wait_entry *entry;

	HASH_FIND(hh, contention->waits, site, KEY_BYTES, entry);
	return entry;
}

static struct wait_site *wait_site(struct contention *contention, struct wait_site key)
{
	struct wait_entry *entry = entry_find(contention, &key);

	if (!entry && HASH_COUNT(contention->waits) >= MAX_PAIRS) {
		key.holder_stack = RT_STACK_NONE;
		entry = entry_find(contention, &key);
	}
	if (!entry) {
		entry = memory_zeroed(1, sizeof *entry);
		entry->site = key;
		HASH_ADD_KEYPTR(hh, contention->waits, &entry->site, KEY_BYTES, entry);
	}
	return &entry->site;
}

/* The thread that the waiter waited for.  An acquisition is stamped after the lock was acquired.  So if no holder is
 * known when the wait began, it was the thread that held the lock last before the wait was over.  For an object without
 * an owner: the thread that ended the wait. */
static struct lock_use waited_for(const struct lock_thread *thread, const struct lock *lock)
{
	struct lock_use use = {0};

	if (thread->wait.holder.stamp)
		return thread->wait.holder;
	if (event_kind_is_owned(lock->result.kind))
		use = lock->taken;
	else if (lock->sync && lock->sync->waker.stamp >= thread->wait.since)
		use = lock->sync->waker;
	return use.thread == thread->id ? (struct lock_use){0} : use;
}

void contention_waited(struct contention *contention, struct lock_classes *classes, const struct lock_thread *thread,
                       struct lock *lock, uint64_t ticks)
{
	const struct lock_wait *wait = &thread->wait;
	struct lock_use holder = waited_for(thread, lock);
	struct wait_site *site = wait_site(contention, (struct wait_site){.class = lock_classes_get(classes, lock)->id,
	                                                                  .stack = wait->stack,
	                                                                  .holder_stack = holder.stack});

	lock_intervals_keep(&contention->longest_waits, &(struct lock_interval){.since = wait->since,
	                                                                        .ticks = ticks,
	                                                                        .address = lock->result.address,
	                                                                        .thread = thread->id,
	                                                                        .other = holder.thread,
	                                                                        .class = site->class,
	                                                                        .stack = wait->stack});
	site->waits++;
	site->ticks += ticks;
	if (ticks < site->longest)
		return;
	site->longest = ticks;
	site->since = wait->since;
	site->thread = thread->id;
	site->holder = holder.thread;
	site->address = lock->result.address;
	site->generation = lock->result.generation;
}

static struct hold_site *hold_site(struct contention *contention, uint32_t class, uint32_t stack)
{
	uint64_t key = (uint64_t) class << 32 | stack, found = u64_map_get(&contention->hold_index, key);

	if (!found) {
		GROW(contention->holds, contention->hold_room, contention->hold_count + 1);
		contention->holds[contention->hold_count] = (struct hold_site){.class = class, .stack = stack};
		u64_map_put(&contention->hold_index, key, found = ++contention->hold_count);
	}
	return &contention->holds[found - 1];
}

void contention_held(struct contention *contention, struct lock_classes *classes, const struct lock_thread *thread,
                     const struct held_lock *held, uint64_t ticks)
{
	struct hold_site *site = hold_site(contention, lock_classes_get(classes, held->lock)->id, held->stack);

	if (lock_intervals_want(&contention->longest_holds, ticks))
		lock_intervals_keep(&contention->longest_holds,
		                    &(struct lock_interval){.since = held->since,
		                                            .ticks = ticks,
		                                            .address = held->lock->result.address,
		                                            .thread = thread->id,
		                                            .class = site->class,
		                                            .stack = held->stack,
		                                            .hold = true});
	site->holds++;
	site->ticks += ticks;
	if (ticks < site->longest)
		return;
	site->longest = ticks;
	site->since = held->since;
	site->thread = thread->id;
}

/* ---- results --------------------------------------------------------------------------- */

static int by_place(const void *left, const void *right)
{
	const struct wait_site *a = left, *b = right;
	int order = compare_next(compare_numbers(a->class, b->class), a->stack, b->stack);

	return compare_next(order, b->ticks, a->ticks);
}

static int by_wait(const void *left, const void *right)
{
	const struct wait_site *a = left, *b = right;
	int order = compare_numbers(b->ticks, a->ticks);

	return order ? order : by_place(left, right);
}

static int by_hold(const void *left, const void *right)
{
	const struct hold_site *a = left, *b = right;
	int order = compare_next(compare_numbers(b->ticks, a->ticks), a->class, b->class);

	return compare_next(order, a->stack, b->stack);
}

static void collect(struct contention *contention)
{
	contention->results = memory_zeroed(HASH_COUNT(contention->waits), sizeof *contention->results);
	for (const struct wait_entry *entry = contention->waits; entry; entry = entry->hh.next)
		contention->results[contention->result_count++] = entry->site;
}

static const char *message_of(uint8_t kind)
{
	switch (kind) {
	case RT_KIND_RWLOCK:
		return "threads waited here for a read-write lock that other threads held";
	case RT_KIND_SPIN:
		return "threads spun here for a spin lock that another thread held";
	case RT_KIND_COND:
		return "threads waited here for a condition variable to be signalled";
	case RT_KIND_SEM:
		return "threads waited here for a semaphore to be posted";
	case RT_KIND_BARRIER:
		return "threads waited here for other threads to reach a barrier";
	case RT_KIND_ONCE:
		return "threads waited here for a pthread_once routine that another thread ran";
	case RT_KIND_FUTEX:
		return "threads waited here for a futex to be woken";
	default:
		return "threads waited here for a mutex that another thread held: hold it for a shorter time, or "
		       "use more than one mutex";
	}
}

static void tell(const struct wait_site *sites, size_t count, const struct lock_result *class,
                 struct finding_list *findings)
{
	struct finding *finding = finding_add_word(findings, KIND_CONTENTION, event_kind_name(class->kind));
	const struct wait_site *longest = sites;

	finding_message(finding, "%s", message_of(class->kind));
	for (size_t i = 0; i < count; i++) {
		finding->times += sites[i].waits;
		finding->ticks += sites[i].ticks;
		if (sites[i].longest > longest->longest)
			longest = &sites[i];
	}
	finding_add_object(finding, class->kind, longest->address, longest->generation, class->init_stack);
	finding_add_stack(finding, "waited for here", longest->thread, longest->since, longest->stack);
	finding_add_thread(finding, longest->thread);
	for (size_t i = 0; i < count && i < TOLD_HOLDERS; i++) {
		if (!sites[i].holder)
			continue;
		finding_add_stack(finding, event_kind_is_owned(class->kind) ? "held since here" : "ended here",
		                  sites[i].holder, 0, sites[i].holder_stack);
		finding_add_thread(finding, sites[i].holder);
	}
}

/* Sites are in the order of by_place: those of one class and stack make one finding. */
static void tell_all(const struct contention *contention, const struct lock_class_result *classes, uint64_t lived,
                     struct finding_list *findings)
{
	const struct wait_site *sites = contention->results;

	for (size_t i = 0, next; i < contention->result_count; i = next) {
		uint64_t ticks = 0;

		for (next = i; next < contention->result_count && sites[next].class == sites[i].class &&
		               sites[next].stack == sites[i].stack;
		     next++)
			ticks += sites[next].ticks;
		if (ticks && ticks >= lived / WORTH_TELLING)
			tell(&sites[i], next - i, &classes[sites[i].class - 1].sum, findings);
	}
}

void contention_finish(struct contention *contention, const struct lock_class_result *classes, uint64_t lived,
                       struct finding_list *findings)
{
	collect(contention);
	lock_intervals_sort(&contention->longest_waits);
	lock_intervals_sort(&contention->longest_holds);
	if (contention->result_count)
		qsort(contention->results, contention->result_count, sizeof *contention->results, by_place);
	tell_all(contention, classes, lived, findings);
	if (contention->result_count)
		qsort(contention->results, contention->result_count, sizeof *contention->results, by_wait);
	if (contention->hold_count)
		qsort(contention->holds, contention->hold_count, sizeof *contention->holds, by_hold);
}
