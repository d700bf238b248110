/* C11's mtx_ and cnd_ functions.  libc's call its own internals, and not the pthread functions, so they need hooks. */
#include "shim/hooks.h"

int c11_error(int result)
{
	switch (result) {
	case thrd_success: return 0;
	case thrd_busy: return EBUSY;
	case thrd_nomem: return ENOMEM;
	case thrd_timedout: return ETIMEDOUT;
	default: return EINVAL;
	}
}

int mtx_init(mtx_t *m, int type)
{
	struct caller caller = CALLER();
	thread_self();
	int result = real.mtx_init(m, type);
	if (result == thrd_success)
		record_init(&caller, m, RT_KIND_MUTEX,
		            type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_DEFAULT);
	return result;
}

#define MTX_LOCK(flags, call)                                                                                          \
	struct caller caller = CALLER();                                                                               \
	struct thread *self = lock_taker(&caller, m, flags);                                                           \
	if (unlikely(!self))                                                                                           \
		return call;                                                                                           \
	int result = real.mtx_trylock(m);                                                                              \
	note_frame(self, &caller, m);                                                                                  \
	if (likely(result == thrd_success)) {                                                                          \
		record_sync(self, &caller, RT_ACQUIRE, m, RT_KIND_MUTEX, flags, 0);                                    \
		return result;                                                                                         \
	}                                                                                                              \
	record_sync(self, &caller, RT_WAIT, m, RT_KIND_MUTEX, flags, 0);                                               \
	result = call;                                                                                                 \
	record_outcome(self, &caller, m, RT_KIND_MUTEX, flags, c11_error(result));                                     \
	return result;

int mtx_lock(mtx_t *m) { MTX_LOCK(0, real.mtx_lock(m)) }
int mtx_timedlock(mtx_t *m, const struct timespec *t) { MTX_LOCK(RT_SYNC_TIMED, real.mtx_timedlock(m, t)) }

int mtx_trylock(mtx_t *m)
{
	struct caller caller = CALLER();
	struct thread *self = lock_taker(&caller, m, RT_SYNC_TRY);
	int result = real.mtx_trylock(m);
	record_outcome(self, &caller, m, RT_KIND_MUTEX, RT_SYNC_TRY, c11_error(result));
	return result;
}

int mtx_unlock(mtx_t *m)
{
	struct caller caller = CALLER();
	struct thread *self = lock_giver(m);
	record_sync(self, &caller, RT_RELEASE, m, RT_KIND_MUTEX, 0, 0);
	int result = real.mtx_unlock(m);
	if (unlikely(result != thrd_success))
		record_sync(self, &caller, RT_FAILED, m, RT_KIND_MUTEX, RT_SYNC_UNLOCK, c11_error(result));
	return result;
}

void mtx_destroy(mtx_t *m)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	real.mtx_destroy(m);
	record_sync(self, &caller, RT_DESTROY, m, RT_KIND_MUTEX, 0, 0);
}

int cnd_init(cnd_t *c)
{
	struct caller caller = CALLER();
	thread_self();
	int result = real.cnd_init(c);
	if (result == thrd_success)
		record_init(&caller, c, RT_KIND_COND, 0);
	return result;
}

void cnd_destroy(cnd_t *c)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	bool waits = record_destroying(self, &caller, c, RT_KIND_COND);
	real.cnd_destroy(c);
	if (unlikely(waits))
		record_destroyed(self, &caller, c, RT_KIND_COND);
}

static void record_cond(struct thread *self, const struct caller *caller, unsigned type, const void *c, const void *m,
                        unsigned flags, int error, uint64_t left)
{
	record_wide(self, caller, type, left ? 4 : 3,
	            rt_word1((uintptr_t)c, rt_sync_aux(RT_KIND_COND, flags, (unsigned)error)), (uintptr_t)m, left);
}

/* In practice glibc's functions are no cancellation points: C11 has no cancellation. */
#define CND_WAIT(flags, left, call)                                                                                    \
	struct caller caller = CALLER();                                                                               \
	struct thread *self = lock_watcher();                                                                          \
	record_cond(self, &caller, RT_COND_WAIT, c, m, flags, 0, left);                                                \
	int result = call;                                                                                             \
	record_cond(self, &caller, RT_COND_WAKE, c, m, flags, c11_error(result), 0);                                   \
	return result;

int cnd_wait(cnd_t *c, mtx_t *m) { CND_WAIT(0, 0, real.cnd_wait(c, m)) }
int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *t)
{
	CND_WAIT(RT_SYNC_TIMED, time_left(CLOCK_REALTIME, t), real.cnd_timedwait(c, m, t))
}
