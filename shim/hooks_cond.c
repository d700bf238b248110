/*
 * Condition variables.  x86-64 has two ABIs with different layouts under the same names, GLIBC_2.2.5 and GLIBC_2.3.2.
 * Each is exported under its version and calls functions of the same version, since mixing them corrupts memory.
 *
 * A wait releases the mutex and takes it again inside libc, where no hook sees it: RT_COND_WAIT and RT_COND_WAKE name
 * the mutex.  A cancelled wait unwinds through the hook, with the mutex held again.
 */
#include "shim/hooks.h"

struct cond_wait {
	struct thread *self;
	const struct caller *caller;
	const void *cond, *mutex;
};

static void record_wake(const struct cond_wait *wait, unsigned flags, int result)
{
	record_wide(wait->self, wait->caller, RT_COND_WAKE, 3,
	            rt_word1((uintptr_t)wait->cond, rt_sync_aux(RT_KIND_COND, flags, (unsigned)result)),
	            (uintptr_t)wait->mutex, 0);
}

static void cond_wait_left(void *wait, bool unwound)
{
	if (unwound)
		record_wake(wait, RT_SYNC_CANCELLED, ECANCELED);
}

static void record_cond_wait(const struct cond_wait *wait, unsigned flags, uint64_t left)
{
	record_wide(wait->self, wait->caller, RT_COND_WAIT, flags & RT_SYNC_TIMED ? 4 : 3,
	            rt_word1((uintptr_t)wait->cond, rt_sync_aux(RT_KIND_COND, flags, 0)), (uintptr_t)wait->mutex, left);
}

/* shared: read before the call, and only if the call will read the condition, too.  left: time_left, 0 if the call has
 * no time-out. */
#define COND_WAIT(flags, shared, left, call)                                                                           \
	struct caller caller = CALLER();                                                                               \
	struct cond_wait wait = {lock_watcher(), &caller, c, m};                                                       \
	SCOPE(scope, cond_wait_left, &wait);                                                                           \
	record_cond_wait(&wait, (flags) | (shared), left);                                                             \
	int error = call;                                                                                              \
	record_wake(&wait, flags, error);                                                                              \
	return error;

static void record_cond(const struct caller *caller, unsigned type, const void *cond, int result)
{
	record_sync(lock_watcher(), caller, type, cond, RT_KIND_COND, 0, result);
}

static void record_cond_init(const struct caller *caller, const pthread_cond_t *c, const pthread_condattr_t *attr)
{
	int shared = 0;
	if (attr)
		pthread_condattr_getpshared(attr, &shared);
	record_init(caller, c, RT_KIND_COND, shared == PTHREAD_PROCESS_SHARED ? RT_INIT_SHARED : 0);
}

/* The six functions that have two ABIs.  NAME(f) is the hook's symbol, CALL(f) the real function, SHARED(c) is true if
 * processes share the condition, CLOCK(c) is the clock of its time-outs. */
#define COND_FUNCTIONS(NAME, CALL, SHARED, CLOCK, IN_USE)                                                              \
	int NAME(pthread_cond_init)(pthread_cond_t * c, const pthread_condattr_t *attr)                                \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		thread_self();                                                                                         \
		int error = CALL(pthread_cond_init)(c, attr);                                                          \
		if (!error)                                                                                            \
			record_cond_init(&caller, c, attr);                                                            \
		return error;                                                                                          \
	}                                                                                                              \
	int NAME(pthread_cond_destroy)(pthread_cond_t * c)                                                             \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		struct thread *self = lock_watcher();                                                                  \
		bool waits = IN_USE(self, &caller, c);                                                                 \
		int error = CALL(pthread_cond_destroy)(c);                                                             \
		if (unlikely(waits))                                                                                   \
			record_destroyed(self, &caller, c, RT_KIND_COND);                                              \
		return error;                                                                                          \
	}                                                                                                              \
	int NAME(pthread_cond_signal)(pthread_cond_t * c)                                                              \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		record_cond(&caller, RT_SIGNAL, c, 0);                                                                 \
		return CALL(pthread_cond_signal)(c);                                                                   \
	}                                                                                                              \
	int NAME(pthread_cond_broadcast)(pthread_cond_t * c)                                                           \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		record_cond(&caller, RT_BROADCAST, c, 0);                                                              \
		return CALL(pthread_cond_broadcast)(c);                                                                \
	}                                                                                                              \
	int NAME(pthread_cond_wait)(pthread_cond_t * c, pthread_mutex_t * m)                                           \
	{                                                                                                              \
		COND_WAIT(0, SHARED(c), 0, CALL(pthread_cond_wait)(c, m))                                              \
	}                                                                                                              \
	int NAME(pthread_cond_timedwait)(pthread_cond_t * c, pthread_mutex_t * m, const struct timespec *t)            \
	{                                                                                                              \
		COND_WAIT(RT_SYNC_TIMED, usable_time(t) ? SHARED(c) : 0, usable_time(t) ? time_left(CLOCK(c), t) : 0,  \
		          CALL(pthread_cond_timedwait)(c, m, t))                                                       \
	}

#define COND_IN_USE(self, caller, c) record_destroying(self, caller, c, RT_KIND_COND)
#define COND_SHARED(c)               process_shared(RT_KIND_COND, c)
#define COND_CLOCK(c)                ((c)->__data.__wrefs & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME)
#define PLAIN(f)                     f
#define REAL(f)                      real.f
#if defined(__x86_64__)

#define CURRENT(f) current_##f
#define VERSIONED(f)                                                                                                   \
	__typeof__(f) current_##f __attribute__((visibility("default"), symver(#f "@@GLIBC_2.3.2"))),                  \
	    old_##f __attribute__((visibility("default"), symver(#f "@GLIBC_2.2.5")));
VERSIONED(pthread_cond_init)
VERSIONED(pthread_cond_destroy)
VERSIONED(pthread_cond_signal)
VERSIONED(pthread_cond_broadcast)
VERSIONED(pthread_cond_wait)
VERSIONED(pthread_cond_timedwait)
COND_FUNCTIONS(CURRENT, REAL, COND_SHARED, COND_CLOCK, COND_IN_USE)

static void *find_old(void **cache, const char *name)
{
	void *found = load_acquire(cache);
	if (!found) {
		found = resolve_old(name);
		store_release(cache, found);
	}
	return found;
}

#define OLD(f) old_##f
#define OLD_REAL(f)                                                                                                    \
	__extension__({                                                                                                \
		static void *cache;                                                                                    \
		(__typeof__(&f))find_old(&cache, #f);                                                                  \
	})
/* It is a pointer, whose destruction frees and does not wait. */
#define OLD_IN_USE(self, caller, c) (record_sync(self, caller, RT_DESTROY, c, RT_KIND_COND, 0, 0), false)
#define OLD_SHARED(c)               0 /* is a pointer, and none can be shared */
#define OLD_CLOCK(c)                CLOCK_REALTIME
COND_FUNCTIONS(OLD, OLD_REAL, OLD_SHARED, OLD_CLOCK, OLD_IN_USE)

#else
COND_FUNCTIONS(PLAIN, REAL, COND_SHARED, COND_CLOCK, COND_IN_USE)
#endif

int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t k, const struct timespec *t)
{
	COND_WAIT(RT_SYNC_TIMED, usable_time(t) && usable_clock(k) ? COND_SHARED(c) : 0, time_left(k, t),
	          real.pthread_cond_clockwait(c, m, k, t))
}
