/* Condition variables, semaphores and barriers used wrongly, and nearly so: the first argument names the shape
 * (shapes.h). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdbool.h>

#include "shapes.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static bool ready;
static sem_t sem;
static pthread_barrier_t barrier;

/* ---- conditions ------------------------------------------------------------------------------- */

static void *wait_ready(void *m)
{
	pthread_mutex_lock(m);
	while (!__atomic_load_n(&ready, __ATOMIC_RELAXED))
		pthread_cond_wait(&cond, m);
	pthread_mutex_unlock(m);
	return NULL;
}

static void set_ready(void)
{
	pthread_mutex_lock(&mutex);
	__atomic_store_n(&ready, true, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&mutex);
	pthread_cond_broadcast(&cond);
}

static void wait_not_held(void)
{
	struct timespec when = in_ms(10);

	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	pthread_cond_timedwait(&cond, &mutex, &when);
}

static void wait_not_held_ok(void)
{
	struct timespec when = in_ms(10);

	pthread_mutex_lock(&mutex);
	must(pthread_cond_timedwait(&cond, &mutex, &when) == ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
}

static void two_mutexes(void)
{
	pthread_t one = start(wait_ready, &mutex), two;

	await_others(1);
	two = start(wait_ready, &other);
	await_others(2);
	set_ready();
	pthread_join(one, NULL);
	pthread_join(two, NULL);
}

static void *wait_a_minute(void *m)
{
	struct timespec when = in_ms(60000);

	pthread_mutex_lock(m);
	pthread_cond_timedwait(&cond, m, &when);
	pthread_mutex_unlock(m);
	return NULL;
}

static void two_mutexes_timed(void)
{
	pthread_t one = start(wait_a_minute, &mutex), two;

	await_others(1);
	two = start(wait_a_minute, &other);
	await_others(2);
	pthread_cond_broadcast(&cond);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
}

static void timed_wait_with_bad_time(void)
{
	struct timespec bad = {0, 2000000000};

	pthread_mutex_lock(&mutex);
	must(pthread_cond_timedwait(&cond, &mutex, &bad) == EINVAL);
	pthread_mutex_unlock(&mutex);
}

/* Two mutexes, one after the other; no thread waits in between. */
static void two_mutexes_ok(void)
{
	pthread_t one = start(wait_ready, &mutex);

	await_others(1);
	set_ready();
	pthread_join(one, NULL);
	ready = false;
	one = start(wait_ready, &other);
	await_others(1);
	set_ready();
	pthread_join(one, NULL);
}

static void *wait_for_ever(void *m)
{
	pthread_mutex_lock(m);
	for (;;)
		pthread_cond_wait(&cond, m);
	return NULL;
}

static void *destroy_cond(void *unused)
{
	pthread_cond_destroy(&cond);
	return unused;
}

static void destroy_waiters(void)
{
	start(wait_for_ever, &mutex);
	await_others(1);
	start(destroy_cond, NULL); /* glibc waits in it for the waiter to leave */
	await_others(2);
}

/* The condition is destroyed right after a broadcast: allowed, since no thread is blocked any more. */
static void destroy_waiters_ok(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		threads[i] = start(wait_ready, &mutex);
	await_others(4);
	set_ready();
	pthread_cond_destroy(&cond);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

/* A signal without the mutex held, for a change that no mutex protects: it can come between the waiter's test and its
 * wait. */
static void lost_wakeup(void)
{
	pthread_t waiter;

	pthread_cond_signal(&cond);
	waiter = start(wait_ready, &mutex);
	pthread_detach(waiter);
	await_others(1);
}

/* `ready` is changed with the mutex held, and signalled without it.  A worker without work waits at the end. */
static void lost_wakeup_ok(void)
{
	set_ready();
	in_thread(wait_ready, &mutex);
	ready = false;
	pthread_detach(start(wait_ready, &mutex));
	await_others(1);
}

/* ---- semaphores ---------------------------------------------------------------------------------- */

static void *wait_sem(void *unused)
{
	sem_wait(&sem);
	return unused;
}

static void sem_destroy_waiters(void)
{
	sem_init(&sem, 0, 0);
	pthread_detach(start(wait_sem, NULL));
	await_others(1);
	sem_destroy(&sem);
}

static void sem_destroy_waiters_ok(void)
{
	pthread_t waiter;

	sem_init(&sem, 0, 0);
	waiter = start(wait_sem, NULL);
	await_others(1);
	sem_post(&sem);
	sem_destroy(&sem);
	pthread_join(waiter, NULL);
}

static void sem_invalid_value(void) { must(sem_init(&sem, 0, (unsigned)SEM_VALUE_MAX + 1) != 0); }

static void sem_invalid_destroyed(void)
{
	sem_init(&sem, 0, 1);
	sem_destroy(&sem);
	sem_trywait(&sem);
}

static void sem_invalid_ok(void)
{
	char name[64];

	for (int i = 0; i < 2; i++) {
		sem_init(&sem, 0, 1);
		sem_wait(&sem);
		sem_destroy(&sem);
	}
	must(sem_init(&sem, 0, SEM_VALUE_MAX) == 0);
	sem_destroy(&sem);
	snprintf(name, sizeof name, "/ringtail-test-%d", (int)getpid());
	sem_t *one = sem_open(name, O_CREAT, 0600, 1), *two = sem_open(name, 0);
	sem_unlink(name);
	must(one != SEM_FAILED && two == one);
	sem_close(one);
	sem_wait(two); /* the semaphore is still open */
	sem_close(two);
}

static void *with_sem_as_lock(void *unused)
{
	sem_wait(&sem);
	sem_post(&sem);
	return unused;
}

static void *post_sem(void *unused)
{
	sem_post(&sem);
	return unused;
}

/* A semaphore used as a lock may be posted by another thread than the one that waited. */
static void sem_as_lock_ok(void)
{
	sem_init(&sem, 0, 1);
	in_thread(with_sem_as_lock, NULL);
	sem_wait(&sem);
	in_thread(post_sem, NULL);
	sem_destroy(&sem);
}

/* ---- barriers ---------------------------------------------------------------------------------------- */

static void barrier_zero(void) { must(pthread_barrier_init(&barrier, NULL, 0) == EINVAL); }

static void *wait_barrier(void *unused)
{
	pthread_barrier_wait(&barrier);
	return unused;
}

static void *destroy_barrier(void *unused)
{
	pthread_barrier_destroy(&barrier);
	return unused;
}

static void barrier_destroy_waiters(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_detach(start(wait_barrier, NULL));
	await_others(1);
	pthread_detach(start(destroy_barrier, NULL)); /* glibc waits in it for the waiter to leave */
	await_others(2);
}

static void barrier_reinit(void)
{
	pthread_barrier_init(&barrier, NULL, 1);
	pthread_barrier_init(&barrier, NULL, 1);
	pthread_barrier_wait(&barrier);
}

static void barrier_reinit_waited(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_detach(start(wait_barrier, NULL));
	await_others(1);
	pthread_barrier_init(&barrier, NULL, 2);
}

static void barrier_destroy_twice(void)
{
	pthread_barrier_init(&barrier, NULL, 1);
	pthread_barrier_destroy(&barrier);
	pthread_barrier_destroy(&barrier);
}

/* Destroyed by the thread that leaves first. */
static void barrier_ok(void)
{
	for (int i = 0; i < 20; i++) {
		pthread_t thread;

		must(pthread_barrier_init(&barrier, NULL, 2) == 0);
		thread = start(wait_barrier, NULL);
		pthread_barrier_wait(&barrier);
		pthread_barrier_destroy(&barrier);
		pthread_join(thread, NULL);
	}
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(wait_not_held),
	    SHAPE(wait_not_held_ok),
	    SHAPE(two_mutexes),
	    SHAPE(two_mutexes_timed),
	    SHAPE(timed_wait_with_bad_time),
	    SHAPE(two_mutexes_ok),
	    SHAPE(destroy_waiters),
	    SHAPE(destroy_waiters_ok),
	    SHAPE(lost_wakeup),
	    SHAPE(lost_wakeup_ok),
	    SHAPE(sem_destroy_waiters),
	    SHAPE(sem_destroy_waiters_ok),
	    SHAPE(sem_invalid_value),
	    SHAPE(sem_invalid_destroyed),
	    SHAPE(sem_invalid_ok),
	    SHAPE(sem_as_lock_ok),
	    SHAPE(barrier_zero),
	    SHAPE(barrier_destroy_waiters),
	    SHAPE(barrier_reinit),
	    SHAPE(barrier_reinit_waited),
	    SHAPE(barrier_destroy_twice),
	    SHAPE(barrier_ok),
	};

	NAME_LOCK(mutex);
	NAME_LOCK(other);
	NAME_LOCK(cond);
	NAME_LOCK(sem);
	NAME_LOCK(barrier);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
