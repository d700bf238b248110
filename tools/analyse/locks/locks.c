/*
 * The lock stage: follows what each thread holds and what it waits for, one event at a time.
 *
 * (1) Objects.  A lock is (address, generation): lock_table.h.  Initialising it, destroying it and freeing the block
 *     that it lies in end a generation.
 *
 * (2) Order of truth.  An acquisition is stamped after the lock is held and a release before it is given up, so that in
 *     the merged stream a lock has one owner at a time.  If the stream contradicts that (a lost event, a mutex unlocked
 *     by another thread), the newer event counts.
 *
 * (3) Waits.  A WAIT is recorded before the call blocks, and ends with the ACQUIRE or FAILED of the same thread and
 *     object.  A thread has one wait at most; if it does anything else outside of a signal handler, it has left the
 *     wait by longjmp.
 *
 * (4) Undo.  A release and a destruction are recorded before the real call.  If the call fails, the thread's next event
 *     is FAILED, and the state before is restored.
 *
 * (5) Checks come first: lock_checks and wait_checks judge an event against the state before it changes the state.
 *
 * (6) Loss.  A release may be among missing events: the locks that the thread held are forgotten, and no misuse is
 *     reported after that.
 *
 * At the end, deadlocks (deadlock.h, deadlock_parts.h), contention and lock order are concluded from this state.
 */
#include "tools/analyse/locks/locks.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/deadlock_parts.h"
#include "tools/analyse/locks/freed_use.h"
#include "tools/finding/findings.h"
#include "tools/analyse/locks/join_order.h"
#include "tools/analyse/locks/libc_state.h"
#include "tools/analyse/locks/lock_blocks.h"
#include "tools/analyse/locks/lock_checks.h"
#include "tools/analyse/locks/lock_frames.h"
#include "tools/analyse/locks/order_sites.h"
#include "tools/analyse/locks/sync_order.h"
#include "tools/analyse/threads/threads.h"
#include "tools/base/memory.h"

#define FIRST_FOLD 4096u

struct lock_analysis *locks_new(const struct ring_file *ring, struct lock_sources sources)
{
	struct lock_analysis *locks = memory_zeroed(1, sizeof *locks);

	locks->ring = ring;
	locks->sources = sources;
	locks->order.heap = sources.heap;
	locks->order.locks = locks;
	locks->forked = ring->header.forked;
	locks->pid = ring->header.pid;
	locks->evidence = (struct deadlock_evidence){.before = UINT64_MAX, .settled = UINT64_MAX, .handlers = true};
	locks->fold_at = FIRST_FOLD;
	return locks;
}

void locks_free(struct lock_analysis *locks)
{
	if (!locks)
		return;
	lock_order_free(&locks->order);
	lock_threads_free(&locks->threads);
	lock_table_free(&locks->table);
	happens_before_free(&locks->before);
	deadlock_evidence_free(&locks->evidence);
	sync_misuses_free(&locks->misuses);
	finding_list_free(&locks->kept);
	finding_list_free(&locks->by_joins);
	contention_free(&locks->contention);
	u64_map_free(&locks->bases);
	races_free(&locks->races);
	freed_blocks_free(&locks->freed);
	libc_uses_free(locks->libc);
	fork_notes_free(&locks->forks);
	fork_locks_free(&locks->inherited);
	free(locks->results);
	free(locks->classes);
	free(locks->orders);
	free(locks);
}

void locks_know_code(struct lock_analysis *locks, const struct code_source *source) { locks->sources.code = source; }

static bool is_object(uint8_t kind) { return kind > RT_KIND_NONE && kind <= RT_KIND_FUTEX && kind != RT_KIND_THREAD; }

static struct lock_thread *thread_of(struct lock_analysis *locks, uint32_t id)
{
	struct lock_thread *thread = lock_threads_get(&locks->threads, id);

	if (!thread->segment)
		thread->segment = happens_before_segment(&locks->before, id, 0, 0);
	return thread;
}

/* ---- waits ----------------------------------------------------------------------------- */

static void begin_wait(struct lock_thread *thread, const struct event *event)
{
	thread->wait = (struct lock_wait){.active = true,
	                                  .kind = event->kind,
	                                  .flags = event->flags,
	                                  .stack = event->stack,
	                                  .object = event->object,
	                                  .since = event->stamp};
}

static void count_wait(struct lock_analysis *locks, const struct lock_thread *thread, struct lock *lock, uint64_t end)
{
	uint64_t ticks = end > thread->wait.since ? end - thread->wait.since : 0;

	lock->result.contended++;
	lock->result.wait_ticks += ticks;
	if (ticks >= lock->result.wait_longest) {
		lock->result.wait_longest = ticks;
		lock->result.worst_wait_stack = thread->wait.stack;
	}
	contention_waited(&locks->contention, &locks->table.classes, thread, lock, ticks);
}

/* Ends the thread's wait for this object; false: it had none. */
static bool end_wait(struct lock_analysis *locks, struct lock_thread *thread, struct lock *lock,
                     const struct event *event)
{
	if (!thread->wait.active || thread->wait.object != event->object || thread->wait.kind != event->kind)
		return false;
	thread->wait.active = false;
	if (event->kind == RT_KIND_ONCE &&
	    !(event->flags & RT_SYNC_SHARED)) /* the thread runs the routine itself, and waited for no other thread */
		return true;
	count_wait(locks, thread, lock, event->stamp);
	return true;
}

/* ---- holding --------------------------------------------------------------------------- */

static void let_go(struct lock_analysis *locks, struct lock_thread *thread, struct held_lock *held, uint64_t stamp)
{
	struct lock_result *result = &held->lock->result;
	uint64_t ticks = stamp > held->since ? stamp - held->since : 0;

	result->hold_ticks += ticks;
	if (ticks > result->hold_longest)
		result->hold_longest = ticks;
	contention_held(&locks->contention, &locks->table.classes, thread, held, ticks);
	held_remove(thread, held);
}

static void take_from_owner(struct lock_analysis *locks, struct lock *lock, uint64_t stamp)
{
	struct lock_thread *owner = lock_threads_find(&locks->threads, lock->result.owner);
	struct held_lock *held = owner ? held_find(owner, lock->result.address) : NULL;

	if (held && held->lock == lock)
		let_go(locks, owner, held, stamp);
	lock->result.owner = 0;
}

static void grant(struct lock_analysis *locks, struct lock_thread *thread, struct lock *lock, const struct event *event,
                  uint32_t stack)
{
	struct held_lock *held = held_find(thread, event->object);
	bool shared = event->flags & RT_SYNC_SHARED; /* of a once-control: another thread ran the routine */

	if (lock->uses)
		lock_uses_note(lock->uses, stack, event->stamp);
	if (held && held->lock == lock) {
		held->count++;
		return;
	}
	if (held) /* an entry of a generation that is over */
		held_remove(thread, held);
	if (lock->result.owner)
		take_from_owner(locks, lock, event->stamp);
	lock->taken = (struct lock_use){thread->id, stack, event->stamp};
	held_push(thread, (struct held_lock){.lock = lock,
	                                     .id = lock->result.id,
	                                     .since = event->stamp,
	                                     .stack = stack,
	                                     .count = 1,
	                                     .shared = shared,
	                                     .segment = sync_order_segment(locks, thread),
	                                     .owner_died = event->result == EOWNERDEAD});
}

static bool adds_order(const struct event *event)
{
	return event_kind_is_owned(event->kind) && !(event->flags & RT_SYNC_TRY);
}

/* A thread that reads a lock and wants to read it again waits if a writer waits in between and goes first. */
static void want_again(struct lock_analysis *locks, struct lock_thread *thread, const struct held_lock *held,
                       const struct event *event)
{
	if (!lock_lets_writers_first(held->lock) || !held->shared ||
	    (event->flags & (RT_SYNC_SHARED | RT_SYNC_TIMED)) != RT_SYNC_SHARED)
		return;
	sync_order_segment(locks, thread);
	lock_order_reread(&locks->order, thread, held, event);
}

/* A thread that locks recursively has the lock already, and does not wait. */
static void want(struct lock_analysis *locks, struct lock_thread *thread, struct lock *lock, const struct event *event)
{
	const struct held_lock *held = held_find(thread, event->object);

	if (held && held->lock == lock) {
		want_again(locks, thread, held, event);
		return;
	}
	if (!(event->flags & RT_SYNC_TIMED))
		join_order_want(locks, thread, lock, event);
	if (!thread->count && !lock_lets_writers_first(lock))
		return;
	sync_order_segment(locks, thread);
	lock_order_want(&locks->order, thread, lock, event->flags & RT_SYNC_SHARED, event);
}

/* EOWNERDEAD: the thread that held the robust lock has ended, so all that it did comes before what this thread does
 * from here on.  The call itself may have begun before.  An owner in another process is not known here. */
static void follow_dead_owner(struct lock_analysis *locks, struct lock_thread *thread, const struct lock *lock)
{
	struct lock_thread *owner = lock_threads_find(&locks->threads, lock->result.owner);
	uint32_t last;

	if (!owner || owner == thread || !owner->ended)
		return;
	last = sync_order_segment(locks, owner);
	sync_order_segment(locks, thread);
	thread->segment = happens_before_segment(&locks->before, thread->id, thread->segment, last);
}

/* The object of a wait may be destroyed once the wait is certain to end, before the thread records that it has
 * ended. */
static struct lock *lock_of(struct lock_analysis *locks, const struct lock_thread *thread, const struct event *event)
{
	struct lock *latest = NULL;

	if (thread->wait.active && thread->wait.object == event->object && thread->wait.kind == event->kind)
		latest = lock_table_latest(&locks->table, event->object, event->kind);
	return latest ? latest : lock_table_get(&locks->table, event->object, event->kind, event->stack);
}

/* What the lock says of itself, where no initialisation was seen. */
static void note_preference(struct lock *lock, const struct event *event)
{
	if (event->kind == RT_KIND_RWLOCK && event->result & RT_RWLOCK_WRITERS_FIRST)
		lock->init_type = PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

/* ---- events on objects ------------------------------------------------------------------ */

static void on_wait(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct lock *lock = lock_table_get(&locks->table, event->object, event->kind, event->stack);

	note_preference(lock, event);
	begin_wait(thread, event);
	if (event_kind_is_owned(event->kind)) {
		/* The thread that waits for a once-control without a holder will run the routine itself: no
		 * contention. */
		locks->contentions += event->kind != RT_KIND_ONCE || lock->holders;
		if (lock->holders)
			thread->wait.holder = lock->taken;
	}
	lock->maybe_foreign |= (event->flags & RT_SYNC_PSHARED) != 0;
	if (adds_order(event))
		want(locks, thread, lock, event);
}

static void on_acquire(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct lock *lock = lock_of(locks, thread, event);
	uint32_t stack = event->stack;
	bool waited = end_wait(locks, thread, lock, event);

	note_preference(lock, event);
	lock->result.acquisitions++;
	if (!event_kind_is_owned(event->kind))
		return;
	if (waited && stack == RT_STACK_NONE)
		stack = thread->wait.stack;
	if (!waited && adds_order(event))
		want(locks, thread, lock, event);
	if (event->result == EOWNERDEAD)
		follow_dead_owner(locks, thread, lock);
	grant(locks, thread, lock, event, stack);
}

/* In practice, programs unlock mutexes in threads that did not lock them. */
static struct lock_thread *holder_of(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                                     struct held_lock **held)
{
	struct lock *lock;

	*held = held_find(thread, event->object);
	if (*held)
		return thread;
	lock = lock_table_find(&locks->table, event->object, event->kind);
	thread = lock && lock->result.owner ? lock_threads_find(&locks->threads, lock->result.owner) : NULL;
	*held = thread ? held_find(thread, event->object) : NULL;
	return thread;
}

/* A forked process unlocks what its thread had locked before the fork. */
static void note_given_up(struct lock_analysis *locks, const struct event *event)
{
	if (locks->forked)
		lock_table_get(&locks->table, event->object, event->kind, event->stack)->given_up = true;
}

static void on_release(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct lock_thread *holder;
	struct held_lock *held;

	if (!event_kind_is_owned(event->kind)) {
		lock_table_get(&locks->table, event->object, event->kind, event->stack);
		return;
	}
	if (thread->wait.active && thread->wait.object == event->object)
		thread->wait.active = false;
	if (event->kind == RT_KIND_MUTEX)
		thread->released[thread->released_count++ % RELEASED_MUTEXES] = event->object;
	holder = holder_of(locks, thread, event, &held);
	if (!held) {
		note_given_up(locks, event);
		return;
	}
	thread->undo = (struct lock_undo){RT_RELEASE, event->kind, event->object, *held, holder->id};
	if (held->count > 1)
		held->count--;
	else
		let_go(locks, holder, held, event->stamp);
}

static void undo_release(struct lock_analysis *locks, const struct lock_undo *undo)
{
	struct lock_thread *holder = lock_threads_find(&locks->threads, undo->owner);
	struct lock *lock = lock_table_find(&locks->table, undo->object, undo->kind);
	struct held_lock *held = holder ? held_find(holder, undo->object) : NULL;

	if (held)
		held->count = undo->held.count;
	else if (holder && lock && lock == undo->held.lock)
		held_push(holder, undo->held);
}

static void on_failed(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                      const struct lock_undo *undo)
{
	bool undoes = undo->type && undo->object == event->object && undo->kind == event->kind;
	struct lock *lock;

	if (undoes && undo->type == RT_RELEASE && event->flags & RT_SYNC_UNLOCK) {
		undo_release(locks, undo);
		return;
	}
	if (undoes && undo->type == RT_DESTROY) {
		lock_table_revive(&locks->table, event->object, event->kind);
		return;
	}
	if (event->flags & RT_SYNC_UNLOCK)
		return;
	lock = lock_table_get(&locks->table, event->object, event->kind, event->stack);
	lock->result.failed++;
	end_wait(locks, thread, lock, event);
}

static void on_destroy(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct lock *lock = lock_table_find(&locks->table, event->object, event->kind);

	if (event->result) /* an event that is recorded after the call has the result: it failed */
		return;
	if (lock_wait_is_to_leave(&thread->wait) && thread->wait.object == event->object)
		thread->wait.active = false;
	if (!lock && event->kind == RT_KIND_MUTEX) /* it has a static initialiser, and was never used */
		lock = lock_table_get(&locks->table, event->object, event->kind, event->stack);
	if (!lock)
		return;
	if (lock->opens > 1) {
		lock->opens--;
		return;
	}
	lock_table_end(
	    &locks->table, lock,
	    (struct lock_tombstone){
	        .how = TOMBSTONE_DESTROYED, .thread = event->thread, .stack = event->stack, .stamp = event->stamp});
	thread->undo = (struct lock_undo){.type = RT_DESTROY, .kind = event->kind, .object = event->object};
}

static void on_cond_wait(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct held_lock *held = held_find(thread, event->arg & RT_OBJECT_MASK);

	lock_table_get(&locks->table, event->object, event->kind, event->stack);
	if (held)
		let_go(locks, thread, held, event->stamp);
	begin_wait(thread, event);
	thread->wait.mutex = event->arg & RT_OBJECT_MASK;
}

/* libc locks the mutex again within the wait, where no hook sees it.  From here on the thread holds it, and it wanted
 * the mutex before. */
static void on_cond_wake(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct lock *cond = lock_of(locks, thread, event), *mutex;
	struct event relock = *event;

	if (end_wait(locks, thread, cond, event) && relock.stack == RT_STACK_NONE)
		relock.stack = thread->wait.stack;
	if (event->result)
		cond->result.failed++;
	else
		cond->result.acquisitions++;
	relock.kind = RT_KIND_MUTEX;
	relock.object = event->arg & RT_OBJECT_MASK;
	relock.flags = 0;
	if (!relock.object)
		return;
	mutex = lock_table_get(&locks->table, relock.object, RT_KIND_MUTEX, relock.stack);
	want(locks, thread, mutex, &relock);
	grant(locks, thread, mutex, &relock, relock.stack);
}

static void on_consistent(struct lock_thread *thread, const struct event *event)
{
	struct held_lock *held = held_find(thread, event->object);

	if (held)
		held->owner_died = false;
}

/* Removes ended locks that can matter no more, and their edges.  Runs when many locks have ended since the last
 * time. */
static void tidy(struct lock_analysis *locks)
{
	if (locks->table.ended < locks->fold_at && !lock_order_full(&locks->order))
		return;
	lock_order_prune(&locks->order, &locks->table);
	lock_table_fold(&locks->table);
	locks->fold_at = FIRST_FOLD + 2 * locks->table.ended;
}

/* ---- events on threads ------------------------------------------------------------------- */

static void join_wait_over(struct lock_thread *thread)
{
	if (thread->wait.kind == RT_KIND_THREAD)
		thread->wait.active = false;
}

static void on_join_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	if (event->type == RT_WAIT) {
		begin_wait(thread, event);
		thread->wait.target = threads_meant(locks->sources.threads);
		lock_checks_join(locks, thread, event, thread->wait.target);
	} else if (event->type == RT_FAILED || event->type == RT_ACQUIRE) {
		join_wait_over(thread);
	}
}

static void on_create(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	uint32_t child_id = (uint32_t)event->arg;
	struct lock_thread *child;

	if (!child_id || child_id == thread->id)
		return;
	child = lock_threads_get(&locks->threads, child_id);
	child->start_stack = event->stack;
	child->detached = (event->aux & RT_THREAD_DETACHED) != 0;
	sync_order_segment(locks, thread);
	child->segment = happens_before_segment(&locks->before, child_id, child->segment, thread->segment);
	thread->segment = happens_before_segment(&locks->before, thread->id, thread->segment, 0);
}

static void on_joined(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	bool waited = thread->wait.active && thread->wait.kind == RT_KIND_THREAD;
	bool for_ever = thread->wait.active && !(thread->wait.flags & RT_SYNC_TIMED);
	uint32_t joined_id = threads_meant(locks->sources.threads), last = 0;
	struct lock_thread *joined;

	join_wait_over(thread);
	lock_checks_joined(locks, thread, event, joined_id, !waited);
	if (event->aux || !joined_id)
		return;
	joined = lock_threads_find(&locks->threads, joined_id);
	if (joined) {
		if (for_ever)
			join_order_joined(locks, thread, joined, event);
		last = sync_order_segment(locks, joined);
		lock_thread_forget_wanted(joined);
	}
	sync_order_segment(locks, thread);
	thread->segment = happens_before_segment(&locks->before, thread->id, thread->segment, last);
}

static void on_begin(struct lock_thread *thread, const struct event *event)
{
	thread->tid = (uint32_t)(event->arg >> 32);
	if (!thread->started)
		thread->started = event->stamp;
}

static bool thread_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	switch (event->type) {
	case RT_THREAD_BEGIN:
		on_begin(thread, event);
		return true;
	case RT_THREAD_CREATE:
		on_create(locks, thread, event);
		return true;
	case RT_JOINED:
		on_joined(locks, thread, event);
		return true;
	case RT_THREAD_CREATED:
		lock_checks_created(locks, thread, event);
		return true;
	case RT_DETACH:
		lock_checks_detach(locks, thread, event);
		return true;
	case RT_THREAD_END:
		locks->order.cache_slots -= thread->order_cache.slots;
		lock_thread_ended(thread);
		return true;
	default:
		return false;
	}
}

static bool may_wake(const struct event *event)
{
	switch (event->type) {
	case RT_SIGNAL:
	case RT_BROADCAST:
		return true;
	case RT_RELEASE:
		return event->kind == RT_KIND_SEM;
	case RT_WAIT:
		return event->kind == RT_KIND_BARRIER && !(event->flags & RT_SYNC_LEAVE);
	default:
		return false;
	}
}

/* Notes the threads that end waits: they are needed if such a wait never ends. */
static void note_waker(struct lock_analysis *locks, const struct event *event)
{
	struct lock *lock = lock_table_get(&locks->table, event->object, event->kind, event->stack);
	struct sync_state *state = lock_sync(lock);

	state->waker = (struct lock_use){event->thread, event->stack, event->stamp};
	for (uint32_t i = 0; i < state->waker_count && i < WAKERS_KNOWN; i++)
		if (state->wakers[i] == event->thread)
			return;
	if (state->waker_count < WAKERS_KNOWN)
		state->wakers[state->waker_count] = event->thread;
	if (state->waker_count <= WAKERS_KNOWN)
		state->waker_count++;
}

static void sync_order(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct lock *lock = lock_table_find(&locks->table, event->object, event->kind);

	if (lock)
		sync_order_event(locks, thread, lock, event);
}

/* ---- the stream --------------------------------------------------------------------------- */

/* The thread has an open wait, and records another event outside of a signal handler: it left the wait by longjmp. */
static void leave_wait(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	const struct lock_wait *wait = &thread->wait;

	if (!wait->active || (wait->object == event->object && wait->kind == event->kind) || event->depth ||
	    event->stack < RT_NODE_FIRST || !locks->sources.signals ||
	    signal_stacks_have(locks->sources.signals, event->stack))
		return;
	thread->wait.active = false;
}

/* undo: what the thread's call before this one did, if it failed after all. */
static void apply(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                  struct lock_undo *undo)
{
	switch (event->type) {
	case RT_WAIT:
		on_wait(locks, thread, event);
		break;
	case RT_ACQUIRE:
		on_acquire(locks, thread, event);
		break;
	case RT_RELEASE:
		on_release(locks, thread, event);
		break;
	case RT_FAILED:
		on_failed(locks, thread, event, undo);
		break;
	case RT_INIT:
		if (!event->result)
			lock_table_init(&locks->table, event);
		break;
	case RT_DESTROY:
		on_destroy(locks, thread, event);
		break;
	case RT_COND_WAIT:
		on_cond_wait(locks, thread, event);
		break;
	case RT_COND_WAKE:
		on_cond_wake(locks, thread, event);
		break;
	case RT_MUTEX_CONSISTENT:
		on_consistent(thread, event);
		break;
	default:
		lock_table_get(&locks->table, event->object, event->kind, event->stack);
		break;
	}
}

static void object_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct lock_undo undo = thread->undo;

	if (locks->forks.pending_count) {
		fork_notes_touch(&locks->forks, event->object);
		fork_notes_touch(&locks->forks, event->arg & RT_OBJECT_MASK); /* the mutex of a condition */
	}
	lock_checks_event(locks, thread, event);
	leave_wait(locks, thread, event);
	thread->undo.type = 0;
	if (may_wake(event))
		note_waker(locks, event);
	if (event->kind == RT_KIND_SEM || event->kind == RT_KIND_BARRIER)
		sync_order(locks, thread, event);
	apply(locks, thread, event, &undo);
	lock_frames_used(locks, thread, event);
	tidy(locks);
}

static void forget_state(struct lock_thread *thread)
{
	held_clear(thread);
	thread->wait.active = false;
	thread->undo.type = 0;
}

/* A release may be among the missing events.  So the locks that the thread holds are forgotten: a wrong finding would
 * be worse. */
static void note_loss(struct lock_analysis *locks, uint32_t thread_id)
{
	for (size_t i = 0; i < locks->threads.count; i++)
		if (!thread_id || locks->threads.items[i]->id == thread_id)
			forget_state(locks->threads.items[i]);
}

void locks_prefetch(const struct lock_analysis *locks, const struct event *event)
{
	lock_table_prefetch(&locks->table, event->object, event->kind);
}

void locks_prefetch_place(const struct lock_analysis *locks, const struct event *event)
{
	lock_table_prefetch_place(&locks->table, event->object, event->kind);
}

void locks_prefetch_lock(const struct lock_analysis *locks, const struct event *event)
{
	const struct lock_thread *thread;

	lock_table_prefetch_lock(&locks->table, event->object, event->kind);
	if ((event->type == RT_ACQUIRE || event->type == RT_WAIT) && adds_order(event) &&
	    (thread = lock_threads_find(&locks->threads, event->thread)))
		lock_order_prefetch(thread, event);
}

/* Libraries of another libc are never seen. */
static void note_unseen(struct lock_analysis *locks, const struct event *event)
{
	if (event->aux == RT_UNSEEN_HEAP)
		return;
	locks->unseen += event->object != 0;
	if (!event->object && locks->unseen && event->aux == RT_UNSEEN_MODULE)
		locks->unseen--;
	locks->unseen_until = locks->unseen ? UINT64_MAX : event->stamp;
}

/* A late event has the stamp of the event before it. */
static void note_time(struct lock_analysis *locks, const struct event *event)
{
	locks->stamp_is_late = event->stamp == locks->stamp;
	locks->stamp = event->stamp;
}

void locks_event(struct lock_analysis *locks, const struct event *event)
{
	struct lock_thread *thread;

	note_time(locks, event);
	if (!locks->begun)
		locks->begun = event->stamp;
	if (event->type == RT_LOSS) {
		locks->misuses.uncertain = true;
		note_loss(locks, event->thread);
		return;
	}
	if (event->type == RT_UNSEEN) {
		note_unseen(locks, event);
		return;
	}
	if (event->type < RT_WAIT && event->type != RT_THREAD_BEGIN && event->type != RT_THREAD_END)
		return;
	if (event->thread && (event->type == RT_FORKING || event->type == RT_FORK)) {
		fork_notes_event(locks, event);
		return;
	}
	if (!event->thread || event->type > RT_THREAD_EXIT)
		return;
	thread = thread_of(locks, event->thread);
	if (event->type == RT_ON_STACK) {
		lock_frames_told(locks, thread, event);
		return;
	}
	lock_frames_event(locks, thread, event);
	if (event->type == RT_LIBC_ENTER || event->type == RT_LIBC_LEAVE) {
		libc_state_event(locks, thread, event);
		return;
	}
	if (thread_event(locks, thread, event) || event->type > RT_MUTEX_CONSISTENT)
		return;
	if (event->kind == RT_KIND_THREAD)
		on_join_event(locks, thread, event);
	else if (is_object(event->kind) && event->object)
		object_event(locks, thread, event);
}

void locks_heap_event(struct lock_analysis *locks, const struct event *event)
{
	struct lock_thread *thread =
	    locks->bases.count && event->thread ? lock_threads_find(&locks->threads, event->thread) : NULL;

	note_time(locks, event);
	if (thread && thread->framed_count)
		lock_frames_event(locks, thread, event);
}

struct block_end {
	struct lock_analysis *locks;
	const struct event *event;
};

static void lock_freed(void *context, struct lock *lock)
{
	const struct block_end *end = context;

	lock_checks_freed(end->locks, lock, end->event);
}

void locks_block_ended(struct lock_analysis *locks, const struct event *event, const struct ended_block *block)
{
	struct block_end end = {locks, event};

	if (lock_table_block_ended(
	        &locks->table, block,
	        (struct lock_tombstone){
	            .how = TOMBSTONE_FREED, .thread = event->thread, .stack = event->stack, .stamp = event->stamp},
	        lock_freed, &end) &&
	    event->thread)
		freed_use_note(locks, thread_of(locks, event->thread), event, block);
}

void locks_in_handler(struct lock_analysis *locks, const struct event *event) { lock_checks_handler(locks, event); }

/* ---- results ------------------------------------------------------------------------------- */

/* If a thread waits for a lock at the end, its wait counts up to the end.  A wait for a signal or a post may be idle
 * time: such a wait counts only when it is over. */
static void count_open_waits(struct lock_analysis *locks, uint64_t end)
{
	for (size_t i = 0; i < locks->threads.count; i++) {
		const struct lock_thread *thread = locks->threads.items[i];
		struct lock *lock;

		if (thread->ended || !thread->wait.active || !event_kind_is_owned(thread->wait.kind))
			continue;
		lock = lock_table_find(&locks->table, thread->wait.object, thread->wait.kind);
		if (lock)
			count_wait(locks, thread, lock, end);
	}
}

static void keep_results(struct lock_analysis *locks)
{
	const struct lock_table *table = &locks->table;

	locks->classes = lock_classes_sum(&locks->table.classes, table->locks, table->count, &locks->class_count);
	locks->results = memory_zeroed(table->count, sizeof *locks->results);
	for (size_t i = 0; i < table->count; i++) {
		locks->results[locks->result_count] = table->locks[i]->result;
		locks->results[locks->result_count++].class = table->locks[i]->class->id;
	}
	locks->orders = order_sites(&locks->order, &locks->table.classes, &locks->order_count);
}

void locks_finish(struct lock_analysis *locks, const struct process_end *end, struct finding_list *findings)
{
	struct u64_map reported = {0}, waits = {0};

	locks->evidence.exited = end->how == END_EXIT || end->how == END_EXEC;
	lock_checks_finish(locks, end);
	lock_blocks_note_all(locks);
	deadlock_realised_and_kept(locks, findings, &reported, &waits);
	sync_misuse_report(&locks->misuses, &waits, findings);
	races_report(&locks->races, findings);
	join_order_report(locks, findings, &reported);
	deadlock_predicted(locks, findings, &reported);
	u64_map_free(&reported);
	u64_map_free(&waits);
	count_open_waits(locks, end->stamp);
	keep_results(locks);
	contention_finish(&locks->contention, locks->classes, end->stamp - locks->begun, findings);
}

const struct lock_result *locks_results(const struct lock_analysis *locks, size_t *count)
{
	*count = locks->result_count;
	return locks->results;
}

const struct lock_class_result *locks_classes(const struct lock_analysis *locks, size_t *count)
{
	*count = locks->class_count;
	return locks->classes;
}

const struct wait_site *locks_waits(const struct lock_analysis *locks, size_t *count)
{
	*count = locks->contention.result_count;
	return locks->contention.results;
}

const struct hold_site *locks_holds(const struct lock_analysis *locks, size_t *count)
{
	*count = locks->contention.hold_count;
	return locks->contention.holds;
}

const struct order_site *locks_orders(const struct lock_analysis *locks, size_t *count)
{
	*count = locks->order_count;
	return locks->orders;
}

const struct lock_intervals *locks_longest_waits(const struct lock_analysis *locks)
{
	return &locks->contention.longest_waits;
}

const struct lock_intervals *locks_longest_holds(const struct lock_analysis *locks)
{
	return &locks->contention.longest_holds;
}

bool locks_blocked(const struct lock_analysis *locks, uint32_t thread_id, struct blocked *blocked)
{
	const struct lock_thread *thread = lock_threads_find(&locks->threads, thread_id);
	const struct lock *object;

	if (!thread || !thread->wait.active)
		return false;
	object = thread->wait.kind == RT_KIND_THREAD
	             ? NULL
	             : lock_table_find(&locks->table, thread->wait.object, thread->wait.kind);
	*blocked = (struct blocked){.thread = thread_id,
	                            .kind = thread->wait.kind,
	                            .object = thread->wait.object,
	                            .stack = thread->wait.stack,
	                            .since = thread->wait.since,
	                            .timed = (thread->wait.flags & RT_SYNC_TIMED) != 0,
	                            .owner = deadlock_waits_for(locks, thread),
	                            .generation = object ? object->result.generation : 0,
	                            .init_stack = object ? object->result.init_stack : RT_STACK_NONE};
	return true;
}

/* ---- of a process that runs ------------------------------------------------------------------- */

static struct living_thread living_thread(const struct lock_thread *thread)
{
	return (struct living_thread){.id = thread->id,
	                              .tid = thread->tid,
	                              .waits = thread->wait.active,
	                              .kind = thread->wait.kind,
	                              .since = thread->wait.since};
}

struct living_thread *locks_living_threads(const struct lock_analysis *locks, size_t *count)
{
	const struct lock_threads *threads = &locks->threads;
	struct living_thread *list = memory_zeroed(threads->count + 1, sizeof *list);

	*count = 0;
	for (size_t i = 0; i < threads->count; i++)
		if (!threads->items[i]->ended)
			list[(*count)++] = living_thread(threads->items[i]);
	return list;
}

bool locks_living_thread(const struct lock_analysis *locks, uint32_t id, struct living_thread *thread)
{
	const struct lock_thread *found = lock_threads_find(&locks->threads, id);

	if (!found || found->ended)
		return false;
	*thread = living_thread(found);
	return true;
}

uint64_t locks_contentions(const struct lock_analysis *locks) { return locks->contentions; }

void locks_set_evidence(struct lock_analysis *locks, struct deadlock_evidence evidence)
{
	deadlock_evidence_free(&locks->evidence);
	locks->evidence = evidence;
}

const struct deadlock_evidence *locks_evidence(const struct lock_analysis *locks) { return &locks->evidence; }
