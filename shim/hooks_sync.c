/* Semaphores, barriers, once. */
#include <fcntl.h>
#include <stdarg.h>

#include "shim/hooks.h"
#include "shim/sys.h"

static uint64_t attributes(bool shared, unsigned value)
{
	return (shared ? RT_INIT_SHARED : 0) | (uint64_t)value << RT_INIT_VALUE_SHIFT;
}

#define SECOND UINT64_C(1000000000)

uint64_t time_left(clockid_t clock, const struct timespec *t)
{
	struct timespec now;
	if (!usable_clock(clock) || !usable_time(t) || sys_restricted || clock_gettime(clock, &now))
		return 0;
	if (t->tv_sec < now.tv_sec || (t->tv_sec == now.tv_sec && t->tv_nsec <= now.tv_nsec))
		return 1;
	uint64_t seconds = (uint64_t)t->tv_sec - (uint64_t)now.tv_sec;
	return seconds > UINT32_MAX ? UINT64_MAX : seconds * SECOND + (uint64_t)t->tv_nsec - (uint64_t)now.tv_nsec;
}

/* ---- semaphores: errors come through errno ------------------------------------------- */

int sem_init(sem_t *s, int shared, unsigned value)
{
	struct caller caller = CALLER();
	thread_self();
	int result = real.sem_init(s, shared, value);
	int error = errno;
	record_init_result(&caller, s, RT_KIND_SEM, attributes(shared, value), result ? error : 0);
	errno = error;
	return result;
}

int sem_destroy(sem_t *s)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	int result = real.sem_destroy(s);
	record_sync(self, &caller, RT_DESTROY, s, RT_KIND_SEM, 0, result ? errno : 0);
	return result;
}

sem_t *sem_open(const char *name, int flags, ...)
{
	struct caller caller = CALLER();
	mode_t mode = 0;
	unsigned value = 0;
	if (flags & O_CREAT) {
		va_list list;
		va_start(list, flags);
		mode = va_arg(list, mode_t);
		value = va_arg(list, unsigned);
		va_end(list);
	}
	thread_self();
	sem_t *s = real.sem_open(name, flags, mode, value);
	if (s != SEM_FAILED)
		record_init(&caller, s, RT_KIND_SEM, attributes(true, value) | RT_INIT_NAMED);
	return s;
}

int sem_close(sem_t *s)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	int result = real.sem_close(s);
	record_sync(self, &caller, RT_DESTROY, s, RT_KIND_SEM, 0, result ? errno : 0);
	return result;
}

/* Takes the semaphore if that does not block; errno is unchanged. */
static bool sem_taken(sem_t *s)
{
	int error = errno;
	bool taken = real.sem_trywait(s) == 0;
	errno = error;
	return taken;
}

/* usable: libc does not refuse the call for its clock or its time, which it does before all else.  left: time_left, 0
 * where the call has no time-out. */
#define SEM_WAIT(flags, usable, left, call)                                                                            \
	struct caller caller = CALLER();                                                                               \
	struct thread *self = lock_watcher();                                                                          \
	if (unlikely(!self))                                                                                           \
		return call;                                                                                           \
	bool refused = !(usable);                                                                                      \
	if (!refused)                                                                                                  \
		pthread_testcancel(); /* as the real functions do, even if they need not wait */                       \
	if (!refused && sem_taken(s)) {                                                                                \
		record_sync(self, &caller, RT_ACQUIRE, s, RT_KIND_SEM, flags, 0);                                      \
		return 0;                                                                                              \
	}                                                                                                              \
	struct wait wait = {self, &caller, s, RT_KIND_SEM, flags};                                                     \
	SCOPE(scope, wait_left, &wait);                                                                                \
	unsigned shared = refused ? 0 : process_shared(RT_KIND_SEM, s);                                                \
	record_wide(self, &caller, RT_WAIT, (flags)&RT_SYNC_TIMED ? 3 : 2,                                             \
	            rt_word1((uintptr_t)s, rt_sync_aux(RT_KIND_SEM, (flags) | shared, 0)), left, 0);                   \
	int result = call;                                                                                             \
	int error = errno;                                                                                             \
	record_outcome(self, &caller, s, RT_KIND_SEM, flags, result ? error : 0);                                      \
	errno = error;                                                                                                 \
	return result;

int sem_wait(sem_t *s) { SEM_WAIT(0, true, 0, real.sem_wait(s)) }

int sem_timedwait(sem_t *s, const struct timespec *t)
{
	SEM_WAIT(RT_SYNC_TIMED, usable_time(t), time_left(CLOCK_REALTIME, t), real.sem_timedwait(s, t))
}

int sem_clockwait(sem_t *s, clockid_t c, const struct timespec *t)
{
	SEM_WAIT(RT_SYNC_TIMED, usable_clock(c) && usable_time(t), time_left(c, t), real.sem_clockwait(s, c, t))
}

int sem_trywait(sem_t *s)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	int result = real.sem_trywait(s);
	int error = errno;
	record_outcome(self, &caller, s, RT_KIND_SEM, RT_SYNC_TRY, result ? error : 0);
	errno = error;
	return result;
}

int sem_post(sem_t *s)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	record_sync(self, &caller, RT_RELEASE, s, RT_KIND_SEM, 0, 0);
	int result = real.sem_post(s);
	if (unlikely(result))
		record_sync(self, &caller, RT_FAILED, s, RT_KIND_SEM, RT_SYNC_UNLOCK, errno);
	return result;
}

/* ---- barriers --------------------------------------------------------------------------- */

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr, unsigned count)
{
	struct caller caller = CALLER();
	int shared = 0;
	thread_self();
	int error = real.pthread_barrier_init(b, attr, count);
	if (attr && !error) /* a wrong count is refused before the attributes are read */
		pthread_barrierattr_getpshared(attr, &shared);
	record_init_result(&caller, b, RT_KIND_BARRIER, attributes(shared == PTHREAD_PROCESS_SHARED, count), error);
	return error;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	record_sync(self, &caller, RT_WAIT, b, RT_KIND_BARRIER, process_shared(RT_KIND_BARRIER, b), 0);
	int result = real.pthread_barrier_wait(b);
	bool serial = result == PTHREAD_BARRIER_SERIAL_THREAD;
	record_outcome(self, &caller, b, RT_KIND_BARRIER, serial ? RT_SYNC_SERIAL : 0, serial ? 0 : result);
	return result;
}

/* Old versions returned EBUSY; it does not fail any more. */
int pthread_barrier_destroy(pthread_barrier_t *b)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	bool waits = record_destroying(self, &caller, b, RT_KIND_BARRIER);
	int error = real.pthread_barrier_destroy(b);
	if (unlikely(waits && !error))
		record_destroyed(self, &caller, b, RT_KIND_BARRIER);
	if (unlikely(error))
		record_sync(self, &caller, RT_FAILED, b, RT_KIND_BARRIER, 0, error);
	return error;
}

/* ---- once ----------------------------------------------------------------------------------
 *
 * A call on a control that is done is passed on unrecorded.  Else the call waits, and the thread that runs the routine
 * holds the control meanwhile.  libc takes no argument for the routine, so the shim's routine finds the call through
 * the thread. */

struct once_call {
	struct thread *self;
	const struct caller *caller;
	const void *control;
	void (*routine)(void);
	bool running;
	struct once_call *outer;
};

static __thread struct once_call *once_call;

/* The routine has ended, by return or by unwinding. */
static void once_left(void *data, bool unwound)
{
	struct once_call *call = data;
	lock_giver(call->control);
	record_sync(call->self, call->caller, RT_RELEASE, call->control, RT_KIND_ONCE, 0, 0);
	once_call = call->outer;
}

static void run_routine(void)
{
	struct once_call *call = once_call;
	SCOPE(scope, once_left, call);
	call->running = true;
	record_sync(call->self, call->caller, RT_ACQUIRE, call->control, RT_KIND_ONCE, 0, 0);
	call->routine();
}

/* Another thread ran the routine: records that the wait for it is over. */
static void once_over(struct once_call *call)
{
	if (call->running)
		return;
	once_call = call->outer;
	record_sync(call->self, call->caller, RT_ACQUIRE, call->control, RT_KIND_ONCE, RT_SYNC_SHARED, 0);
	record_sync(call->self, call->caller, RT_RELEASE, call->control, RT_KIND_ONCE, 0, 0);
}

#define ONCE(self, call_real)                                                                                          \
	struct once_call call = {self, &caller, control, routine, false, once_call};                                   \
	record_sync(call.self, &caller, RT_WAIT, control, RT_KIND_ONCE, 0, 0);                                         \
	once_call = &call;                                                                                             \
	call_real;                                                                                                     \
	once_over(&call);

/* glibc marks a control whose routine has run with this bit. */
static bool once_done(const void *control) { return load_acquire((const int *)control) & 2; }

/* NULL: the call is passed on. */
static struct thread *once_taker(const struct caller *caller, const void *control)
{
	struct thread *self = thread_self(); /* even if nothing is recorded: this may be the first hooked call */
	return self && !once_done(control) ? lock_taker(caller, control, 0) : NULL;
}

int pthread_once(pthread_once_t *control, void (*routine)(void))
{
	struct caller caller = CALLER();
	struct thread *self = once_taker(&caller, control);
	if (!self)
		return real.pthread_once(control, routine);
	ONCE(self, int result = real.pthread_once(control, run_routine))
	return result;
}

void call_once(once_flag *control, void (*routine)(void))
{
	struct caller caller = CALLER();
	struct thread *self = once_taker(&caller, control);
	if (!self) {
		real.call_once(control, routine);
		return;
	}
	ONCE(self, real.call_once(control, run_routine))
}
