/*
 * What every hook is made of, and the bodies that rows of hooks.def ask for.
 *
 * Order of truth: an event that gives something up (free, unlock, post) is published BEFORE the real call, one that
 * got something (malloc, lock) AFTER it returned.  So the stamps on one address or lock have the order of its owners,
 * across all threads.  A call that would block says so first (RT_WAIT).
 */
#ifndef RINGTAIL_HOOKS_H
#define RINGTAIL_HOOKS_H

#include <errno.h>

#include "shim/confirm.h"
#include "shim/options.h"
#include "shim/resolve.h"
#include "shim/scope.h"
#include "shim/thread.h"

#define EXPORT __attribute__((visibility("default")))

#define HOOK(ret, name, params, args, version, body, ...) EXPORT ret name params;
#include "shim/hooks.def"
#undef HOOK

#pragma GCC visibility push(hidden)

/* syscall(SYS_seccomp or SYS_prctl, six arguments). */
long sandbox_syscall(long number, const long *arguments);

/* Records one event with the caller's stack.  self may be NULL: nothing is recorded. */
void record(struct thread *self, const struct caller *caller, unsigned type, uint64_t word1);
void record_wide(struct thread *self, const struct caller *caller, unsigned type, unsigned words, uint64_t word1,
                 uint64_t word2, uint64_t word3);

static inline void record_sync(struct thread *self, const struct caller *caller, unsigned type, const void *object,
                               unsigned kind, unsigned flags, int result)
{
	record(self, caller, type, rt_word1((uintptr_t)object, rt_sync_aux(kind, flags, (unsigned)result)));
}

/* Looks the operators up where there is a C++ runtime.  May take the loader's locks. */
void operators_look_up(void);
/* The real operator of that name, NULL while none has been looked up. */
void *operators_real(const char *name);

/* Calls of malloc and its family by this thread for which nothing could be recorded: how allocator.c learns of any. */
extern __thread unsigned heap_calls_unrecorded;

/* For operator new and delete that are the allocator's own (struct origin).  The first is called after the real
 * operator, the second before it.  align: 0 where none was asked for; block NULL: there was no memory.  False: the
 * block is a part of one of malloc's, so that delete can be expected to free that one. */
bool heap_record_new(struct thread *self, struct origin *origin, const void *block, size_t align);
void heap_record_delete(struct thread *self, const struct origin *origin);

/* For the hooks of an allocator in front (front.h): what the hooks of hooks.def do around the real call.  self NULL:
 * nothing is recorded.  bytes given with a block: NO_SIZE where none is. */
void heap_record_alloc(struct thread *self, struct caller *caller, unsigned type, const void *block, size_t bytes);
void heap_record_aligned(struct thread *self, struct caller *caller, unsigned type, const void *block, size_t align,
                         size_t bytes);
void heap_record_free(struct thread *self, const void *block, struct caller *caller, size_t bytes);
/* realloc by next->realloc, with its records. */
void *heap_resize(const struct real *next, struct thread *self, struct caller *caller, void *block, size_t bytes);

/* Like thread_self, for families that an option may switch off. */
static inline struct thread *lock_watcher(void)
{
	struct thread *self = thread_self();
	return likely(options.locks) ? self : NULL;
}

/* The same, for calls that take a lock; called before they do.  --confirm may hold the thread up here. */
static inline struct thread *lock_taker(const struct caller *caller, const void *object, unsigned flags)
{
	struct thread *self = thread_self();
	return likely(confirm_mode == LOCKS_RECORDED) ? self : confirm_take(self, caller, object, flags);
}

/* The same, for calls that release a lock. */
static inline struct thread *lock_giver(const void *object)
{
	struct thread *self = thread_self();
	return likely(confirm_mode == LOCKS_RECORDED) ? self : confirm_give(self, object);
}

/* Records in which frame a lock on the thread's own stack lies, unless the thread remembers that it did for this
 * call stack. */
void record_on_stack(struct thread *self, const struct caller *caller, const void *object);

/* Before the record of a call that takes or initialises a lock.  The usual path: one load and one compare. */
static inline void note_frame(struct thread *self, const struct caller *caller, const void *object)
{
	if (unlikely((uintptr_t)object - caller->sp < self->stack.high - caller->sp))
		record_on_stack(self, caller, object);
}

/* A synchronisation object was made, or refused with error; attributes: word 2 of RT_INIT. */
static inline void record_init_result(const struct caller *caller, const void *object, unsigned kind,
                                      uint64_t attributes, int error)
{
	struct thread *self = lock_watcher();
	if (likely(self != NULL))
		note_frame(self, caller, object);
	record_wide(self, caller, RT_INIT, 3, rt_word1((uintptr_t)object, rt_sync_aux(kind, 0, (unsigned)error)),
	            attributes, 0);
}

static inline void record_init(const struct caller *caller, const void *object, unsigned kind, uint64_t attributes)
{
	record_init_result(caller, object, kind, attributes, 0);
}

static inline bool usable_clock(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC; }
static inline bool usable_time(const struct timespec *t) { return t->tv_nsec >= 0 && t->tv_nsec < 1000000000; }
/* For calls in which a NULL time means to wait for ever. */
static inline bool usable_deadline(clockid_t clock, const struct timespec *t)
{
	return !t || (usable_clock(clock) && usable_time(t));
}

/* Results of <threads.h> as errno values. */
int c11_error(int result);

/* How long a wait with this time-out may last, in nanoseconds: at least 1; 0: it is not known, or libc refuses the
 * time.  Reads *t only. */
uint64_t time_left(clockid_t clock, const struct timespec *t);

/* Result of a try: libc refuses the call because of its clock or time, before it reads the object, and so do hooks. */
#define REFUSED (-1)

/* True if the thread holds the lock; EOWNERDEAD: the last owner died with it. */
static inline bool acquired(int error) { return error == 0 || error == EOWNERDEAD; }

/* RT_RWLOCK_WRITERS_FIRST where the read-write lock says so, in glibc's layout: a static initialiser may have set it.
 * Call it only where libc has read the object, or reads it first. */
static inline int writers_first(unsigned kind, const void *object)
{
	return kind == RT_KIND_RWLOCK && ((const pthread_rwlock_t *)object)->__data.__flags ==
	                                     PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
	           ? RT_RWLOCK_WRITERS_FIRST
	           : 0;
}

static inline void record_acquired(struct thread *self, const struct caller *caller, const void *object, unsigned kind,
                                   unsigned flags, int error)
{
	if (likely(self != NULL))
		note_frame(self, caller, object);
	record_sync(self, caller, RT_ACQUIRE, object, kind, flags, error | writers_first(kind, object));
}

/* Records the outcome of a blocking call. */
static inline int record_outcome(struct thread *self, const struct caller *caller, const void *object, unsigned kind,
                                 unsigned flags, int error)
{
	if (acquired(error))
		record_acquired(self, caller, object, kind, flags, error);
	else
		record_sync(self, caller, RT_FAILED, object, kind, flags, error);
	return error;
}

/* A wait that is a cancellation point. */
struct wait {
	struct thread *self;
	const struct caller *caller;
	const void *object;
	unsigned kind, flags;
};

/* Ends the scope of a wait; runs also when cancellation unwinds through the hook. */
static inline void wait_left(void *data, bool unwound)
{
	const struct wait *wait = data;
	if (unwound)
		record_sync(wait->self, wait->caller, RT_FAILED, wait->object, wait->kind, wait->flags, ECANCELED);
}

/* A robust mutex is not tried first: glibc's trylock keeps an unrecoverable one locked (sysdeps/nptl), which lock
 * does not. */
static inline int try_mutex(pthread_mutex_t *m)
{
	return m->__data.__kind & 16 /* PTHREAD_MUTEX_ROBUST_NORMAL_NP */ ? EBUSY : real.pthread_mutex_trylock(m);
}

#define GLIBC_SHARED 128u /* LLL_SHARED: an object with another value than this and 0 was never initialised */

/* RT_SYNC_PSHARED if the object is shared between processes.  Reads glibc's layouts, and only before a call blocks. */
static inline unsigned process_shared(unsigned kind, const void *object)
{
	const unsigned *words = object;
	unsigned shared = 0;
	switch (kind) {
	case RT_KIND_MUTEX: shared = ((const pthread_mutex_t *)object)->__data.__kind & 128; break;
	case RT_KIND_RWLOCK: shared = ((const pthread_rwlock_t *)object)->__data.__shared != 0; break;
	case RT_KIND_COND: shared = ((const pthread_cond_t *)object)->__data.__wrefs & 1; break;
	case RT_KIND_SEM: shared = words[2] == GLIBC_SHARED; break;     /* struct new_sem: value, waiters; private */
	case RT_KIND_BARRIER: shared = words[3] == GLIBC_SHARED; break; /* in, current_round, count; shared */
	}
	return shared ? RT_SYNC_PSHARED : 0;
}

/* True if a thread is still within a call on the object, so that its destruction waits for that thread: glibc's
 * layouts. The destruction reads these words first. */
static inline bool is_in_use(unsigned kind, const void *object)
{
	const unsigned *words = object;
	if (kind == RT_KIND_COND)
		return ((const pthread_cond_t *)object)->__data.__wrefs >> 3;
	return words[0] != words[4]; /* barrier: threads that came in, and went out */
}

/* Before the destruction of a condition or barrier.  True: it may wait, and record_destroyed comes after it. */
static inline bool record_destroying(struct thread *self, const struct caller *caller, const void *object,
                                     unsigned kind)
{
	if (!self)
		return false;
	if (likely(!is_in_use(kind, object))) {
		record_sync(self, caller, RT_DESTROY, object, kind, process_shared(kind, object), 0);
		return false;
	}
	record_sync(self, caller, RT_WAIT, object, kind, RT_SYNC_LEAVE | process_shared(kind, object), 0);
	return true;
}

static inline void record_destroyed(struct thread *self, const struct caller *caller, const void *object, unsigned kind)
{
	record_sync(self, caller, RT_DESTROY, object, kind, 0, 0);
}

#pragma GCC visibility pop

#define FIRST_(first, ...) ((const void *)(first))
#define FIRST(args)        FIRST_ args

/* try first: an uncontended lock is one event */
#define BODY_LOCK(ret, name, args, kind, flags, try)                                                                   \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		struct thread *self = lock_taker(&caller, FIRST(args), flags);                                         \
		if (unlikely(!self))                                                                                   \
			return real.name args;                                                                         \
		int error = try;                                                                                       \
		if (likely(acquired(error))) {                                                                         \
			record_acquired(self, &caller, FIRST(args), kind, flags, error);                               \
			return error;                                                                                  \
		}                                                                                                      \
		bool refused = error == REFUSED;                                                                       \
		unsigned shared = refused ? 0 : process_shared(kind, FIRST(args));                                     \
		note_frame(self, &caller, FIRST(args));                                                                \
		record_sync(self, &caller, RT_WAIT, FIRST(args), kind, (flags) | shared,                               \
		            refused ? 0 : writers_first(kind, FIRST(args)));                                           \
		error = real.name args;                                                                                \
		return record_outcome(self, &caller, FIRST(args), kind, flags, error);                                 \
	}
#define BODY_TIMED(ret, name, args, kind, flags, try)                                                                  \
	BODY_LOCK(ret, name, args, kind, (flags) | (t ? RT_SYNC_TIMED : 0), try)

#define BODY_TRY(ret, name, args, kind, flags)                                                                         \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		struct thread *self = lock_taker(&caller, FIRST(args), RT_SYNC_TRY);                                   \
		int error = real.name args;                                                                            \
		return record_outcome(self, &caller, FIRST(args), kind, (flags) | RT_SYNC_TRY, error);                 \
	}

#define BODY_UNLOCK(ret, name, args, kind)                                                                             \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		struct thread *self = lock_giver(FIRST(args));                                                         \
		record_sync(self, &caller, RT_RELEASE, FIRST(args), kind, 0, 0);                                       \
		int error = real.name args;                                                                            \
		if (unlikely(error))                                                                                   \
			record_sync(self, &caller, RT_FAILED, FIRST(args), kind, RT_SYNC_UNLOCK, error);               \
		return error;                                                                                          \
	}

#define BODY_SIGNAL(ret, name, args, kind, type)                                                                       \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		record_sync(lock_watcher(), &caller, type, FIRST(args), kind, 0, 0);                                   \
		return real.name args;                                                                                 \
	}

/* A process of one thread does no more than the real call.  The first hooked call of a process looks the real functions
 * up. */
#define LIBC_AROUND(name, args, function, stream, declare)                                                             \
	struct caller caller = CALLER();                                                                               \
	struct libc_call call = libc_enter(&caller, function, stream, (void *)real.name);                              \
	declare real.name args;

#define BODY_LIBC(ret, name, args, function, stream, changed)                                                          \
	{                                                                                                              \
		if (unlikely(!real.name))                                                                              \
			thread_self();                                                                                 \
		if (likely(!ring_threaded))                                                                            \
			return real.name args;                                                                         \
		LIBC_AROUND(name, args, function, stream, ret result =)                                                \
		if (call.self)                                                                                         \
			libc_leave(&call, &caller, changed);                                                           \
		return result;                                                                                         \
	}

#define BODY_LIBC_VOID(ret, name, args, function, stream)                                                              \
	{                                                                                                              \
		if (unlikely(!real.name))                                                                              \
			thread_self();                                                                                 \
		if (unlikely(ring_threaded)) {                                                                         \
			LIBC_AROUND(name, args, function, stream, )                                                    \
			if (call.self)                                                                                 \
				libc_leave(&call, &caller, true);                                                      \
			return;                                                                                        \
		}                                                                                                      \
		real.name args;                                                                                        \
	}

#define BODY_DESTROY(ret, name, args, kind)                                                                            \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		struct thread *self = lock_watcher();                                                                  \
		int error = real.name args;                                                                            \
		record_sync(self, &caller, RT_DESTROY, FIRST(args), kind, 0, error);                                   \
		return error;                                                                                          \
	}

#endif
