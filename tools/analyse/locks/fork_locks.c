#include "tools/analyse/locks/fork_locks.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tools/analyse/locks/lock_analysis.h"
#include "tools/base/memory.h"

void fork_locks_free(struct fork_locks *fork)
{
	free(fork->locks);
	*fork = (struct fork_locks){0};
}

void fork_notes_free(struct fork_notes *notes)
{
	for (size_t i = 0; i < notes->pending_count; i++)
		fork_locks_free(&notes->pending[i]);
	for (size_t i = 0; i < notes->done_count; i++)
		fork_locks_free(&notes->done[i]);
	free(notes->pending);
	free(notes->done);
	free(notes->stacks);
	*notes = (struct fork_notes){0};
}

/* ---- the parent -------------------------------------------------------------------------- */

/* glibc runs the routine of a once-control anew in the child.  The kernel gives a lock with priority inheritance to a
 * waiter of any process when the owner ends.  A process-shared lock is unlocked by the parent. */
static bool is_inherited(const struct lock *lock)
{
	return !lock->ended && !lock->maybe_foreign && lock->result.kind != RT_KIND_ONCE &&
	       !(lock->init_flags & (RT_INIT_PI | RT_INIT_SHARED));
}

static size_t held_in_all(const struct lock_analysis *locks)
{
	size_t count = 0;

	for (size_t i = 0; i < locks->threads.count; i++)
		count += locks->threads.items[i]->count;
	return count;
}

static void note_held(struct fork_locks *fork, const struct lock_thread *thread)
{
	for (size_t i = 0; i < thread->count; i++) {
		const struct held_lock *held = &thread->held[i];

		if (!is_inherited(held->lock))
			continue;
		fork->locks[fork->count++] = (struct inherited_lock){
		    .address = held->lock->result.address,
		    .since = held->since,
		    .thread = thread->id,
		    .stack = held->stack,
		    .init_type = held->lock->init_seen ? held->lock->init_type : (uint32_t)PTHREAD_MUTEX_DEFAULT,
		    .kind = held->lock->result.kind,
		    .shared = held->shared,
		    .by_forker = thread->id == fork->thread};
	}
}

static void drop_pending(struct fork_notes *notes, size_t i)
{
	notes->pending[i] = notes->pending[--notes->pending_count];
}

/* A fork of this thread that was begun before has failed. */
static void begin_fork(struct lock_analysis *locks, const struct event *event)
{
	struct fork_notes *notes = &locks->forks;
	struct fork_locks fork = {.thread = event->thread, .stack = event->stack, .begun = event->stamp};
	size_t most = held_in_all(locks);

	for (size_t i = 0; i < notes->pending_count; i++)
		if (notes->pending[i].thread == event->thread) {
			fork_locks_free(&notes->pending[i]);
			drop_pending(notes, i--);
		}
	if (!most)
		return;
	fork.locks = memory_zeroed(most, sizeof *fork.locks);
	for (size_t i = 0; i < locks->threads.count; i++)
		note_held(&fork, locks->threads.items[i]);
	GROW(notes->pending, notes->pending_room, notes->pending_count + 1);
	notes->pending[notes->pending_count++] = fork;
}

static void keep_stack(struct fork_notes *notes, uint32_t stack)
{
	for (size_t i = 0; i < notes->stack_count; i++)
		if (notes->stacks[i] == stack)
			return;
	if (notes->stack_count == FORK_STACKS_MOST)
		return;
	GROW(notes->stacks, notes->stack_room, notes->stack_count + 1);
	notes->stacks[notes->stack_count++] = stack;
}

static void keep(struct fork_notes *notes, struct fork_locks fork)
{
	keep_stack(notes, fork.stack);
	for (size_t i = 0; i < fork.count; i++)
		keep_stack(notes, fork.locks[i].stack);
	if (notes->done_count == FORKS_KEPT) {
		fork_locks_free(&notes->done[0]);
		memmove(notes->done, notes->done + 1, --notes->done_count * sizeof *notes->done);
	}
	GROW(notes->done, notes->done_room, notes->done_count + 1);
	notes->done[notes->done_count++] = fork;
}

static void end_fork(struct fork_notes *notes, const struct event *event)
{
	for (size_t i = 0; i < notes->pending_count; i++) {
		struct fork_locks fork = notes->pending[i];

		if (fork.thread != event->thread)
			continue;
		drop_pending(notes, i);
		fork.child = (uint32_t)event->object;
		fork.done = event->stamp;
		if (fork.count)
			keep(notes, fork);
		else
			fork_locks_free(&fork);
		return;
	}
}

void fork_notes_event(struct lock_analysis *locks, const struct event *event)
{
	if (event->type == RT_FORKING)
		begin_fork(locks, event);
	else if (event->aux == RT_FORK_FORK)
		end_fork(&locks->forks, event);
}

void fork_notes_touch(struct fork_notes *notes, uint64_t address)
{
	for (size_t i = 0; i < notes->pending_count; i++) {
		struct fork_locks *fork = &notes->pending[i];

		for (size_t k = 0; k < fork->count; k++)
			if (fork->locks[k].address == address)
				fork->locks[k--] = fork->locks[--fork->count];
	}
}

struct fork_locks *locks_take_forks(struct lock_analysis *locks, size_t *count)
{
	struct fork_locks *done = locks->forks.done;

	*count = locks->forks.done_count;
	locks->forks.done = NULL;
	locks->forks.done_count = locks->forks.done_room = 0;
	return done;
}

const uint32_t *locks_fork_stacks(const struct lock_analysis *locks, size_t *count)
{
	*count = locks->forks.stack_count;
	return locks->forks.stacks;
}

/* ---- the child --------------------------------------------------------------------------- */

void locks_inherit(struct lock_analysis *locks, const struct fork_locks *fork)
{
	fork_locks_free(&locks->inherited);
	locks->inherited = *fork;
	locks->inherited.locks = memory_zeroed(fork->count, sizeof *fork->locks);
	memcpy(locks->inherited.locks, fork->locks, fork->count * sizeof *fork->locks);
}

bool locks_has_inherited(const struct lock_analysis *locks) { return locks->inherited.child != 0; }

/* The child's first thread is the copy of the thread that forked, and has the number of the process. */
static bool is_forker(const struct lock_analysis *locks, const struct lock_thread *thread)
{
	return thread->tid && thread->tid == locks->pid;
}

static bool relock_returns(const struct inherited_lock *inherited)
{
	return inherited->kind == RT_KIND_MUTEX &&
	       (inherited->init_type == PTHREAD_MUTEX_RECURSIVE || inherited->init_type == PTHREAD_MUTEX_ERRORCHECK);
}

/* A lock of the child's first thread may still be unlocked by it, unless it waits for the lock itself. */
static bool blocks(const struct lock_analysis *locks, const struct inherited_lock *inherited,
                   const struct lock_thread *thread)
{
	if (inherited->kind != thread->wait.kind || (inherited->shared && thread->wait.flags & RT_SYNC_SHARED))
		return false;
	return !inherited->by_forker || (is_forker(locks, thread) && !relock_returns(inherited));
}

const struct inherited_lock *fork_locks_block(const struct lock_analysis *locks, const struct lock_thread *thread,
                                              const struct lock *lock)
{
	if (!locks->forked || lock->init_seen || lock->result.acquisitions || lock->holders || lock->given_up ||
	    thread->wait.flags & (RT_SYNC_PSHARED | RT_SYNC_TIMED | RT_SYNC_TRY))
		return NULL;
	for (size_t i = 0; i < locks->inherited.count; i++) {
		const struct inherited_lock *inherited = &locks->inherited.locks[i];

		if (inherited->address == lock->result.address && blocks(locks, inherited, thread))
			return inherited;
	}
	return NULL;
}
