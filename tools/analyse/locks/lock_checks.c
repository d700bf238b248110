#include "tools/analyse/locks/lock_checks.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/deadlock_parts.h"
#include "tools/analyse/locks/freed_use.h"
#include "tools/analyse/threads/threads.h"
#include "tools/base/memory.h"

/* ---- telling --------------------------------------------------------------------------------- */

struct finding_object check_object(const struct lock *lock)
{
	return lock ? deadlock_object(lock) : (struct finding_object){0};
}

void misuse_add(struct sync_misuse *misuse, const char *label, uint32_t thread, uint64_t stamp, uint32_t stack)
{
	unsigned i = 0;

	while (i < MISUSE_STACKS && misuse->stacks[i].label)
		i++;
	if (i < MISUSE_STACKS)
		misuse->stacks[i] = (struct misuse_stack){label, thread, stack, stamp};
}

struct sync_misuse check_misuse(const struct check *check, enum finding_class class, const char *message,
                                const char *label)
{
	const struct event *event = check->event;
	struct sync_misuse misuse = {.class = class, .message = message, .object = check_object(check->lock)};

	if (!check->lock)
		misuse.object = (struct finding_object){.kind = event->kind, .address = event->object};
	misuse_add(&misuse, label, event->thread, event->stamp, event->stack);
	return misuse;
}

void check_note(const struct check *check, const struct sync_misuse *misuse)
{
	sync_misuse_note(&check->locks->misuses, misuse);
}

static void note(const struct check *check, enum finding_class class, const char *message, const char *label)
{
	struct sync_misuse misuse = check_misuse(check, class, message, label);

	check_note(check, &misuse);
}

static void note_held(const struct check *check, enum finding_class class, const char *message, const char *label,
                      const struct lock_thread *holder, const struct held_lock *held)
{
	struct sync_misuse misuse = check_misuse(check, class, message, label);

	misuse_add(&misuse, "locked here", holder->id, held->since, held->stack);
	check_note(check, &misuse);
}

/* Notes the misuse unless the thread's next event says that the call was refused. */
static void suspect(const struct check *check, const struct sync_misuse *misuse)
{
	struct lock_thread *thread = check->thread;

	if (!thread->suspicion)
		thread->suspicion = memory_zeroed(1, sizeof *thread->suspicion);
	*thread->suspicion = *misuse;
}

static void settle_suspicion(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct sync_misuse *suspicion = thread->suspicion;
	bool refused = event && event->type == RT_FAILED && event->flags & RT_SYNC_UNLOCK && suspicion &&
	               event->object == suspicion->object.address;

	if (!suspicion || suspicion->class == FINDING_NONE)
		return;
	if (!refused)
		sync_misuse_note(&locks->misuses, suspicion);
	suspicion->class = FINDING_NONE;
}

/* ---- what is known -------------------------------------------------------------------------- */

static bool is_type(const struct lock *lock, uint32_t type) { return lock->init_seen && lock->init_type == type; }

static bool is_robust(const struct lock *lock)
{
	return lock->maybe_foreign || (lock->init_seen && lock->init_flags & RT_INIT_ROBUST);
}

bool check_may_hold_unseen(const struct check *check, const struct lock *lock)
{
	uint64_t until = check->locks->unseen_until;

	return until && !(lock && lock->taken.thread == check->thread->id && lock->taken.stamp >= until);
}

/* True if every operation on this lock was made by this process and was recorded. */
static bool known_from_start(const struct check *check)
{
	return check->lock && (check->lock->init_seen || check->lock->result.acquisitions) &&
	       !check->lock->maybe_foreign && !check_may_hold_unseen(check, check->lock);
}

/* The holder of the lock, if it can still unlock it; its record is in *held. */
static struct lock_thread *living_holder(const struct lock_analysis *locks, const struct lock *lock,
                                         struct held_lock **held)
{
	for (size_t i = 0; lock->holders && i < locks->threads.count; i++) {
		struct lock_thread *thread = locks->threads.items[i];

		*held = thread->count && !thread->ended ? held_find(thread, lock->result.address) : NULL;
		if (*held && (*held)->lock == lock)
			return thread;
	}
	return NULL;
}

/* The thread that owns the lock exclusively. */
static struct lock_thread *owner_of(const struct lock_analysis *locks, const struct lock *lock, struct held_lock **held)
{
	struct lock_thread *owner = lock_threads_find(&locks->threads, lock->result.owner);

	*held = owner ? held_find(owner, lock->result.address) : NULL;
	return *held && (*held)->lock == lock ? owner : NULL;
}

/* ---- unlock ----------------------------------------------------------------------------------- */

struct unlock_classes { /* the class for each kind of lock */
	enum finding_class unlocked, not_owner;
	const char *never_locked, *by_other;
};

static const struct unlock_classes unlock_classes[] = {
    [RT_KIND_MUTEX] = {FINDING_MISUSE_MUTEX_UNLOCK_UNLOCKED, FINDING_MISUSE_MUTEX_UNLOCK_NOT_OWNER,
                       "a thread unlocks a mutex that is not locked", "a thread unlocks a mutex that it did not lock"},
    [RT_KIND_RWLOCK] = {FINDING_MISUSE_RWLOCK_UNLOCK_NOT_HELD, FINDING_MISUSE_RWLOCK_UNLOCK_NOT_HELD,
                        "a thread unlocks a read-write lock that no thread holds",
                        "a thread unlocks a read-write lock that it does not hold"},
    [RT_KIND_SPIN] = {FINDING_MISUSE_SPIN_UNLOCK_UNLOCKED, FINDING_MISUSE_SPIN_UNLOCK_NOT_OWNER,
                      "a thread unlocks a spin lock that is not locked",
                      "a thread unlocks a spin lock that it did not lock"},
};

/* An error-checking mutex refuses the unlock and returns an error.  Whether a mutex without an init call is
 * error-checking is not known. */
static void accuse_unlock(const struct check *check, const struct sync_misuse *misuse)
{
	const struct lock *lock = check->lock;

	if (check->event->kind != RT_KIND_MUTEX || (lock && lock->init_seen))
		check_note(check, misuse);
	else
		suspect(check, misuse);
}

/* A thread that holds a mutex unlocks another that was never locked.  It may have copied the locked one.  The calls do
 * not tell that from an unlock of the wrong mutex. */
static void check_copied(const struct check *check)
{
	const struct lock_thread *thread = check->thread;
	struct sync_misuse misuse;

	for (size_t i = thread->count; i > 0; i--) {
		const struct held_lock *held = &thread->held[i - 1];

		if (held->lock->result.kind != RT_KIND_MUTEX)
			continue;
		misuse = check_misuse(check, FINDING_MISUSE_MUTEX_COPIED,
		                      "a thread unlocks a mutex that was never locked, while it holds another one: "
		                      "it is a copy of a locked mutex, or not the mutex that was meant",
		                      "unlocked here");
		misuse_add(&misuse, "locked here, at another address", thread->id, held->since, held->stack);
		suspect(check, &misuse);
		return;
	}
	misuse = check_misuse(check, FINDING_MISUSE_MUTEX_UNLOCK_UNLOCKED,
	                      "a thread unlocks a mutex that was never locked", "unlocked here");
	suspect(check, &misuse);
}

static void check_robust_unlock(const struct check *check)
{
	if (check->held->owner_died)
		note_held(check, FINDING_MISUSE_MUTEX_ROBUST_INCONSISTENT,
		          "a robust mutex whose owner died is unlocked without pthread_mutex_consistent: "
		          "no thread can ever lock it again",
		          "unlocked here", check->thread, check->held);
}

static void check_release(const struct check *check)
{
	const struct unlock_classes *classes = &unlock_classes[check->event->kind];
	struct held_lock *held;
	struct lock_thread *owner;
	struct sync_misuse misuse;

	if (check->held) {
		check_robust_unlock(check);
		return;
	}
	if (check->lock && is_type(check->lock, PTHREAD_MUTEX_ERRORCHECK) && check->event->kind == RT_KIND_MUTEX)
		return;
	if (!known_from_start(check)) {
		bool freed = lock_table_tombstone(&check->locks->table, check->event->object, check->event->kind).how;

		if (check->event->kind == RT_KIND_MUTEX && !check->locks->forked && !check->locks->unseen_until &&
		    !check->lock && !freed)
			check_copied(check);
		return;
	}
	owner = owner_of(check->locks, check->lock, &held);
	if (!owner && check->lock->holders) /* other threads have read-locked it */
		owner = living_holder(check->locks, check->lock, &held);
	misuse = check_misuse(check, owner ? classes->not_owner : classes->unlocked,
	                      owner ? classes->by_other : classes->never_locked, "unlocked here");
	if (owner)
		misuse_add(&misuse, "locked here", owner->id, held->since, held->stack);
	accuse_unlock(check, &misuse);
}

/* ---- lock ------------------------------------------------------------------------------------- */

/* A lock that is not recursive is locked again.  If the mutex's type is not known, only the end of the process tells:
 * see check_hung. */
static void check_relock(const struct check *check)
{
	const struct event *event = check->event;
	bool shared = event->flags & RT_SYNC_SHARED;

	if (!check->held || event->flags & RT_SYNC_TRY)
		return;
	if (event->kind == RT_KIND_SPIN)
		note_held(check, FINDING_MISUSE_SPIN_RELOCK,
		          "a thread locks a spin lock that it holds: it spins for ever", "locked again here",
		          check->thread, check->held);
	else if (event->kind == RT_KIND_RWLOCK && shared && !check->held->shared)
		note_held(check, FINDING_MISUSE_RWLOCK_READ_WHILE_WRITE_HELD,
		          "a thread that holds a read-write lock for writing locks it for reading", "read-locked here",
		          check->thread, check->held);
	else if (event->kind == RT_KIND_RWLOCK && !shared && check->held->shared)
		note_held(check, FINDING_MISUSE_RWLOCK_UPGRADE,
		          "a thread that holds a read-write lock for reading locks it for writing: it waits "
		          "for itself",
		          "write-locked here", check->thread, check->held);
}

/* The lock lay in a block that was freed, and no block has been allocated there since. */
static void check_freed_memory(const struct check *check)
{
	const struct event *event = check->event;
	struct lock_tombstone tombstone = lock_table_tombstone(&check->locks->table, event->object, event->kind);
	struct sync_misuse misuse;

	if (check->lock || tombstone.how != TOMBSTONE_FREED || event->kind != RT_KIND_MUTEX ||
	    !check->locks->sources.heap || !heap_is_freed(check->locks->sources.heap, event->object))
		return;
	misuse = check_misuse(check, FINDING_MISUSE_MUTEX_IN_FREED_MEMORY,
	                      "a thread uses a mutex that lies in a freed block", "used here");
	misuse_add(&misuse, "freed here", tombstone.thread, tombstone.stamp, tombstone.stack);
	check_note(check, &misuse);
}

/* glibc marks a destroyed mutex, and returns EINVAL for it.  It does not for a mutex that was set to zero or to a
 * static initialiser since. */
static bool check_destroyed(const struct check *check)
{
	const struct event *event = check->event;
	struct lock_tombstone tombstone = lock_table_tombstone(&check->locks->table, event->object, event->kind);
	struct sync_misuse misuse;

	if (event->kind != RT_KIND_MUTEX || event->result != EINVAL || tombstone.how != TOMBSTONE_DESTROYED)
		return false;
	misuse = check_misuse(check, FINDING_MISUSE_MUTEX_USE_DESTROYED, "a mutex is used after pthread_mutex_destroy",
	                      "used here");
	misuse_add(&misuse, "destroyed here", tombstone.thread, tombstone.stamp, tombstone.stack);
	check_note(check, &misuse);
	return true;
}

/* ---- errors -------------------------------------------------------------------------------------- */

/* True for results that are errors, and not answers about a state that the program asked for. */
static bool is_error(int result)
{
	return result == EINVAL || result == EPERM || result == EDEADLK || result == EAGAIN || result == EOVERFLOW ||
	       result == ENOTRECOVERABLE || result == ESRCH || result == ENOSYS;
}

static const char *error_message(int result)
{
	switch (result) {
	case EINVAL:
		return "a call on a synchronisation object failed with EINVAL: the object, the time or another "
		       "argument "
		       "is not valid";
	case EPERM:
		return "a call on a synchronisation object failed with EPERM: the calling thread does not hold the "
		       "object";
	case EDEADLK:
		return "a call on a synchronisation object failed with EDEADLK: the calling thread already holds the "
		       "object";
	case EAGAIN:
		return "a call on a synchronisation object failed with EAGAIN: a limit was reached";
	case EOVERFLOW:
		return "sem_post failed with EOVERFLOW: the semaphore is at its greatest value";
	case ENOTRECOVERABLE:
		return "a thread tried to lock a robust mutex that can never be locked again (ENOTRECOVERABLE)";
	case ESRCH:
		return "a call on a thread failed with ESRCH: there is no such thread";
	default:
		return "a call on a synchronisation object failed";
	}
}

/* True for a result that answers a question, or that belongs to a misuse which is reported already. */
static bool is_expected(const struct check *check)
{
	int result = check->event->result;

	if (check->event->kind == RT_KIND_MUTEX)
		return result == EPERM || result == EDEADLK;
	if (check->event->kind == RT_KIND_COND) /* cond-wait-mutex-not-held */
		return result == EPERM;
	return result == EDEADLK && check->held;
}

void check_error(const struct check *check)
{
	const struct event *event = check->event;

	if (check_destroyed(check) || is_expected(check))
		return;
	if (event->kind == RT_KIND_SEM && event->result == EINVAL)
		note(check, FINDING_MISUSE_SEM_INVALID,
		     "a call on a semaphore failed with EINVAL: the semaphore or the time is not valid", "called here");
	else if (event->kind != RT_KIND_FUTEX && is_error(event->result) && !(event->flags & RT_SYNC_TRY))
		note(check, FINDING_MISUSE_API_ERROR_IGNORED, error_message(event->result), "called here");
}

/* The thread waited for its own mutex until the time-out. */
static void check_timed_relock(const struct check *check)
{
	const struct lock_wait *wait = &check->thread->wait;

	if (check->event->result == ETIMEDOUT && check->held && wait->active && wait->object == check->event->object &&
	    check->event->kind == RT_KIND_MUTEX && !check->held->shared)
		note_held(check, FINDING_MISUSE_MUTEX_RELOCK, "a thread waited for a mutex that it holds itself",
		          "locked again here", check->thread, check->held);
}

static void check_failed(const struct check *check)
{
	check_timed_relock(check);
	check_error(check);
}

/* ---- init and destroy ---------------------------------------------------------------------------- */

static void check_init(const struct check *check)
{
	const struct event *event = check->event;
	struct lock_thread *holder;
	struct held_lock *held;

	if (event->result) {
		if (event->kind == RT_KIND_BARRIER && !(event->arg >> RT_INIT_VALUE_SHIFT))
			note(check, FINDING_MISUSE_BARRIER_ZERO, "a barrier is initialised with a count of 0",
			     "initialised here");
		else if (event->kind == RT_KIND_SEM)
			note(check, FINDING_MISUSE_SEM_INVALID,
			     "a semaphore is initialised with a value above SEM_VALUE_MAX", "initialised here");
		else
			check_error(check);
		return;
	}
	if (!check->lock || event->kind != RT_KIND_MUTEX || check->lock->result.kind != RT_KIND_MUTEX ||
	    is_robust(check->lock))
		return;
	holder = living_holder(check->locks, check->lock, &held);
	if (holder)
		note_held(check, FINDING_MISUSE_MUTEX_REINIT_LOCKED, "a mutex is initialised again while it is locked",
		          "initialised here", holder, held);
}

static void check_destroy(const struct check *check)
{
	static const enum finding_class classes[] = {[RT_KIND_MUTEX] = FINDING_MISUSE_MUTEX_DESTROY_LOCKED,
	                                             [RT_KIND_RWLOCK] = FINDING_MISUSE_RWLOCK_DESTROY_HELD,
	                                             [RT_KIND_SPIN] = FINDING_MISUSE_SPIN_DESTROY_LOCKED};
	static const char *const messages[] = {[RT_KIND_MUTEX] = "a mutex is destroyed while it is locked",
	                                       [RT_KIND_RWLOCK] = "a read-write lock is destroyed while it is held",
	                                       [RT_KIND_SPIN] = "a spin lock is destroyed while it is locked"};
	struct lock_thread *holder;
	struct held_lock *held;

	if (!check->lock || is_robust(check->lock))
		return;
	holder = living_holder(check->locks, check->lock, &held);
	if (holder)
		note_held(check, classes[check->event->kind], messages[check->event->kind], "destroyed here", holder,
		          held);
}

void lock_checks_freed(struct lock_analysis *locks, const struct lock *lock, const struct event *event)
{
	struct check check = {.locks = locks, .event = event};
	struct sync_misuse misuse;
	struct lock_thread *holder;
	struct held_lock *held;

	if (lock->result.kind != RT_KIND_MUTEX || is_robust(lock))
		return;
	holder = living_holder(locks, lock, &held);
	if (!holder)
		return;
	misuse = check_misuse(&check, FINDING_MISUSE_FREE_WITH_LOCKED_MUTEX,
	                      "a block is freed while a mutex in it is locked", "freed here");
	misuse.object = check_object(lock);
	misuse_add(&misuse, "locked here", holder->id, held->since, held->stack);
	check_note(&check, &misuse);
}

/* ---- signal handlers ------------------------------------------------------------------------------- */

/* True if the interrupted code holds a lock; locks that the handler took itself do not count. */
static bool interrupted_with_lock(const struct lock_analysis *locks, uint32_t thread_id)
{
	const struct lock_thread *thread = lock_threads_find(&locks->threads, thread_id);

	for (size_t i = 0; thread && i < thread->count; i++)
		if (!signal_stacks_have(locks->sources.signals, thread->held[i].stack))
			return true;
	return false;
}

/* True if the handler interrupted a wait while the thread held no lock that the handler might want. */
static bool harmless_in_handler(const struct lock_analysis *locks, const struct event *event, bool memory)
{
	return locks->sources.signals && signal_stacks_only_wait(locks->sources.signals, event->stack) &&
	       (memory || !interrupted_with_lock(locks, event->thread));
}

void lock_checks_handler(struct lock_analysis *locks, const struct event *event)
{
	bool memory = event->type >= RT_ALLOC_FIRST && event->type <= RT_FREE_LAST;
	struct check check = {.locks = locks, .event = event};

	if (harmless_in_handler(locks, event, memory))
		return;
	if (memory)
		note(&check, FINDING_MISUSE_MALLOC_IN_SIGNAL_HANDLER,
		     "a signal handler allocates or frees memory: it hangs or corrupts the heap if it "
		     "interrupts malloc",
		     "called here");
	else if ((event->type == RT_ACQUIRE || event->type == RT_WAIT) && event->kind != RT_KIND_SEM &&
	         event->kind != RT_KIND_FUTEX && !(event->flags & RT_SYNC_TRY))
		note(&check, FINDING_MISUSE_LOCK_IN_SIGNAL_HANDLER,
		     "a signal handler takes a lock: it hangs if it interrupts the thread that holds it",
		     "called here");
}

/* ---- threads ------------------------------------------------------------------------------------------ */

static void note_target(const struct check *check, enum finding_class class, const char *message,
                        const struct lock_thread *target)
{
	struct sync_misuse misuse = check_misuse(check, class, message, "called here");

	misuse.object = (struct finding_object){0};
	if (target && target->settled_by)
		misuse_add(&misuse, target->joined ? "joined here" : "detached here", target->settled_by, 0,
		           target->settled_stack);
	else if (target && target->start_stack)
		misuse_add(&misuse, "created here", 0, target->started, target->start_stack);
	check_note(check, &misuse);
}

static void accuse_join(const struct check *check, const struct lock_thread *target)
{
	const struct lock_thread *thread = check->thread;
	const struct lock_thread *other = target->joiner && target->joiner != thread->id
	                                      ? lock_threads_find(&check->locks->threads, target->joiner)
	                                      : NULL;

	if (target == thread)
		note_target(check, FINDING_MISUSE_THREAD_JOIN_SELF, "a thread joins itself", NULL);
	else if (target->joined || (other && other->wait.active && other->wait.target == target->id))
		note_target(check, FINDING_MISUSE_THREAD_JOIN_TWICE, "a thread is joined twice", target);
	else if (target->detached)
		note_target(check, FINDING_MISUSE_THREAD_JOIN_DETACHED, "a detached thread is joined", target);
	else if (check->event->type == RT_JOINED)
		note_target(check, FINDING_MISUSE_API_ERROR_IGNORED,
		            "a join failed with EINVAL: the time-out is not valid, or another thread joins the thread",
		            target);
}

void lock_checks_join(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                      uint32_t target_id)
{
	struct check check = {.locks = locks, .thread = thread, .event = event};
	struct lock_thread *target = lock_threads_find(&locks->threads, target_id);

	if (!target)
		return;
	accuse_join(&check, target);
	if (!target->joiner)
		target->joiner = thread->id;
}

/* What a join that did not work says; one that waited was judged when it began. */
static void check_join_error(const struct check *check, const struct lock_thread *target, bool tried)
{
	unsigned error = check->event->aux;

	if (!target && error == ESRCH)
		note_target(check, FINDING_MISUSE_THREAD_JOIN_INVALID, "a thread joins an id that is no thread", NULL);
	else if (!target && error == EINVAL)
		note_target(check, FINDING_MISUSE_API_ERROR_IGNORED,
		            "a join failed with EINVAL: the thread is not joinable", NULL);
	else if (target && error == EINVAL &&
	         (tried || !(target == check->thread || target->joined || target->detached || target->joiner)))
		accuse_join(check, target);
	else if (target && tried && (error == EDEADLK || target->joined || target->detached))
		accuse_join(check, target);
}

void lock_checks_joined(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                        uint32_t target_id, bool tried)
{
	struct check check = {.locks = locks, .thread = thread, .event = event};
	struct lock_thread *target = lock_threads_find(&locks->threads, target_id);

	if (target && target->joiner == thread->id)
		target->joiner = 0;
	if (event->aux) {
		check_join_error(&check, target, tried);
	} else if (target) {
		if (tried && target->joined)
			accuse_join(&check, target);
		target->joined = true;
		target->settled_by = thread->id;
		target->settled_stack = event->stack;
	}
}

void lock_checks_detach(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct check check = {.locks = locks, .thread = thread, .event = event};
	struct lock_thread *target = lock_threads_find(&locks->threads, threads_meant(locks->sources.threads));

	if (target && target->joined) {
		note_target(&check, FINDING_MISUSE_THREAD_DETACH_JOINED, "a thread is detached that was joined",
		            target);
	} else if (!event->aux && target) {
		target->detached = true;
		target->settled_by = thread->id;
		target->settled_stack = event->stack;
	} else if (event->aux == EINVAL && target && target->detached) {
		note_target(&check, FINDING_MISUSE_THREAD_DETACH_TWICE, "a detached thread is detached again", target);
	} else if (event->aux) {
		note_target(&check, FINDING_MISUSE_API_ERROR_IGNORED, error_message(event->aux), NULL);
	}
}

static const char *creation_error(unsigned error)
{
	switch (error) {
	case EAGAIN:
	case ENOMEM:
		return "a thread could not be created (EAGAIN): there is no memory for its stack, or no more threads "
		       "are allowed";
	case EINVAL:
		return "a thread could not be created (EINVAL): the attributes are not valid";
	case EPERM:
		return "a thread could not be created (EPERM): the process may not set this scheduling";
	default:
		return "a thread could not be created";
	}
}

void lock_checks_created(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct check check = {.locks = locks, .thread = thread, .event = event};

	if (event->aux)
		note_target(&check, FINDING_MISUSE_API_ERROR_IGNORED, creation_error(event->aux), NULL);
}

/* ---- the end ------------------------------------------------------------------------------------------- */

static struct check check_of_wait(struct lock_analysis *locks, struct lock_thread *thread, struct event *event)
{
	const struct lock_wait *wait = &thread->wait;

	*event = (struct event){.type = RT_WAIT,
	                        .kind = wait->kind,
	                        .flags = wait->flags,
	                        .object = wait->object,
	                        .stamp = wait->since,
	                        .stack = wait->stack,
	                        .thread = thread->id};
	return (struct check){locks, thread, event, lock_table_find(&locks->table, wait->object, wait->kind),
	                      held_find(thread, wait->object)};
}

/* True if the lock was never initialised, locked or unlocked in this process, no thread here holds it, and the wait
 * never ends: it was locked at the fork, by a thread that does not exist in this process.  What this process's own
 * first thread had locked, another thread may wait for. */
static bool lost_by_fork(const struct check *check)
{
	const struct lock *lock = check->lock;
	const struct inherited_lock *inherited;

	if (!check->locks->forked || !lock || lock->init_seen || lock->result.acquisitions || lock->holders ||
	    lock->given_up || check->event->flags & (RT_SYNC_PSHARED | RT_SYNC_TIMED) ||
	    (lock->result.kind != RT_KIND_MUTEX && lock->result.kind != RT_KIND_RWLOCK &&
	     lock->result.kind != RT_KIND_SPIN))
		return false;
	inherited = fork_locks_block(check->locks, check->thread, lock);
	return inherited ? !inherited->by_forker : check->thread->tid == check->locks->pid;
}

static void check_hung(struct lock_analysis *locks, struct lock_thread *thread, const struct process_end *end)
{
	struct event event;
	struct check check = check_of_wait(locks, thread, &event);

	if (event.kind == RT_KIND_MUTEX && check.held && check.held->lock == check.lock &&
	    !(event.flags & RT_SYNC_TIMED))
		note_held(&check, FINDING_MISUSE_MUTEX_RELOCK,
		          "a thread locks a mutex that it holds itself, and waits for ever", "locked again here",
		          thread, check.held);
	else if (lost_by_fork(&check))
		note(&check, FINDING_MISUSE_LOCK_HELD_ACROSS_FORK,
		     "a forked process waits for ever for a lock that another thread of its parent held at the fork",
		     "waits here");
	else if (event.kind == RT_KIND_THREAD && !thread->wait.target && (end->how == END_SIGNAL || locks->forked))
		note_target(&check, FINDING_MISUSE_THREAD_JOIN_INVALID,
		            "a thread joins an id that is no thread of this process", NULL);
}

static bool exclusive_at_exit(const struct held_lock *held)
{
	return !held->lock->ended && held->lock->result.kind != RT_KIND_ONCE && !is_robust(held->lock);
}

static void check_dead_holder(struct lock_analysis *locks, const struct lock_thread *thread)
{
	for (size_t i = 0; i < thread->count; i++) {
		const struct held_lock *held = &thread->held[i];
		struct sync_misuse misuse = {.class = FINDING_MISUSE_THREAD_EXIT_HOLDING_LOCK,
		                             .message =
		                                 "a thread ended while it held a lock: no thread can ever unlock it",
		                             .object = check_object(held->lock)};

		if (!exclusive_at_exit(held) || held->since < locks->unseen_until)
			continue;
		misuse_add(&misuse, "locked here", thread->id, held->since, held->stack);
		if (thread->start_stack)
			misuse_add(&misuse, "the thread was created here", 0, 0, thread->start_stack);
		sync_misuse_note(&locks->misuses, &misuse);
	}
}

/* The lock goes with the process.  What destructors and exit handlers wanted of it waited for ever, or did not. */
static void note_main_holder(struct lock_analysis *locks, const struct lock_thread *thread)
{
	for (size_t i = 0; i < thread->count; i++) {
		const struct held_lock *held = &thread->held[i];
		struct sync_misuse misuse = {.class = FINDING_MISUSE_THREAD_EXIT_HOLDING_LOCK,
		                             .message = "the main thread ends the process while it holds a lock",
		                             .information = true,
		                             .object = check_object(held->lock)};

		if (!exclusive_at_exit(held))
			continue;
		misuse_add(&misuse, "locked here", thread->id, held->since, held->stack);
		sync_misuse_note(&locks->misuses, &misuse);
	}
}

void lock_checks_finish(struct lock_analysis *locks, const struct process_end *end)
{
	for (size_t i = 0; i < locks->threads.count; i++) {
		struct lock_thread *thread = locks->threads.items[i];

		settle_suspicion(locks, thread, NULL);
		if (thread->ended)
			check_dead_holder(locks, thread);
		else if (thread->id == threads_main_exit(locks->sources.threads))
			note_main_holder(locks, thread);
		else if (thread->wait.active)
			check_hung(locks, thread, end);
	}
	if (end->how != END_RUNNING) /* else a signal may come yet */
		wait_checks_finish(locks);
}

/* ---- the stream ------------------------------------------------------------------------------------------
 */

static void check_lock_event(const struct check *check)
{
	switch (check->event->type) {
	case RT_WAIT:
	case RT_ACQUIRE:
		check_freed_memory(check);
		if (check->event->type == RT_WAIT)
			check_relock(check);
		break;
	case RT_RELEASE:
		check_freed_memory(check);
		check_release(check);
		break;
	case RT_DESTROY:
		check_destroy(check);
		break;
	default:
		break;
	}
}

void lock_checks_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct check check = {locks, thread, event, lock_table_find(&locks->table, event->object, event->kind), NULL};

	wait_checks_signal_sent(&check);
	if (thread->suspicion)
		settle_suspicion(locks, thread, event);
	if (check.lock && thread->count)
		check.held = held_find(thread, event->object);
	if (check.held && check.held->lock != check.lock)
		check.held = NULL;
	if (freed_use_check(&check))
		return;
	if (event->type == RT_FAILED)
		check_failed(&check);
	else if (event->type == RT_INIT)
		check_init(&check);
	if (event->kind == RT_KIND_MUTEX || event->kind == RT_KIND_RWLOCK || event->kind == RT_KIND_SPIN)
		check_lock_event(&check);
	else
		wait_checks_event(&check);
}
