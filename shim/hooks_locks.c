/* Mutexes, read-write locks and spin locks: what their rows in hooks.def cannot say. */
#include "shim/hooks.h"

/* Reads all that matters from glibc's attributes, without a lock. */
static uint64_t mutex_attributes(const pthread_mutexattr_t *attr)
{
	int type = PTHREAD_MUTEX_DEFAULT, shared = 0, robust = 0, protocol = 0;
	if (!attr)
		return PTHREAD_MUTEX_DEFAULT;
	pthread_mutexattr_gettype(attr, &type);
	pthread_mutexattr_getpshared(attr, &shared);
	pthread_mutexattr_getrobust(attr, &robust);
	pthread_mutexattr_getprotocol(attr, &protocol);
	return (uint64_t)type | (shared == PTHREAD_PROCESS_SHARED ? RT_INIT_SHARED : 0) |
	       (robust == PTHREAD_MUTEX_ROBUST ? RT_INIT_ROBUST : 0) |
	       (protocol == PTHREAD_PRIO_INHERIT ? RT_INIT_PI : 0) |
	       (protocol == PTHREAD_PRIO_PROTECT ? RT_INIT_PP : 0);
}

int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	struct caller caller = CALLER();
	thread_self();
	int error = real.pthread_mutex_init(m, attr);
	record_init_result(&caller, m, RT_KIND_MUTEX, mutex_attributes(attr), error);
	return error;
}

int pthread_mutex_consistent(pthread_mutex_t *m)
{
	struct caller caller = CALLER();
	struct thread *self = lock_watcher();
	int error = real.pthread_mutex_consistent(m);
	record_sync(self, &caller, error ? RT_FAILED : RT_MUTEX_CONSISTENT, m, RT_KIND_MUTEX, 0, error);
	return error;
}

static uint64_t rwlock_attributes(const pthread_rwlockattr_t *attr)
{
	int type = PTHREAD_RWLOCK_DEFAULT_NP, shared = 0;
	if (!attr)
		return PTHREAD_RWLOCK_DEFAULT_NP;
	pthread_rwlockattr_getkind_np(attr, &type);
	pthread_rwlockattr_getpshared(attr, &shared);
	return (uint64_t)type | (shared == PTHREAD_PROCESS_SHARED ? RT_INIT_SHARED : 0);
}

int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr)
{
	struct caller caller = CALLER();
	thread_self();
	int error = real.pthread_rwlock_init(l, attr);
	if (!error)
		record_init(&caller, l, RT_KIND_RWLOCK, rwlock_attributes(attr));
	return error;
}

int pthread_spin_init(pthread_spinlock_t *l, int shared)
{
	struct caller caller = CALLER();
	thread_self();
	int error = real.pthread_spin_init(l, shared);
	if (!error)
		record_init(&caller, (const void *)l, RT_KIND_SPIN,
		            shared == PTHREAD_PROCESS_SHARED ? RT_INIT_SHARED : 0);
	return error;
}
