/*
 * Deferred cancellation in the waits that are cancellation points: cond_wait, cond_timedwait, join, sem_wait,
 * sem_timedwait; and asynchronously in a busy loop.  The cleanup handlers run, the mutex is held again in
 * them after a wait on a condition, and every join returns PTHREAD_CANCELED.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <time.h>

#include "say.h"
#include "thread_state.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t started, none;
static pthread_t waits_for_ever;
static int cleaned;

static void count_cleanup(void *argument)
{
	cleaned++;
	(void)argument;
}

/* An error-checking mutex tells whether this thread holds it. */
static void unlock_held(void *mutex) { cleaned += pthread_mutex_unlock(mutex) == 0 ? 1 : 1000; }

static struct timespec far_away(void)
{
	struct timespec when;

	clock_gettime(CLOCK_REALTIME, &when);
	when.tv_sec += 60;
	return when;
}

static void wait_for_condition(bool timed)
{
	struct timespec when = far_away();

	pthread_mutex_lock(&lock);
	pthread_cleanup_push(unlock_held, &lock);
	sem_post(&started);
	for (;;) {
		if (timed)
			pthread_cond_timedwait(&never, &lock, &when);
		else
			pthread_cond_wait(&never, &lock);
	}
	pthread_cleanup_pop(0);
}

static void *in_cond_wait(void *argument)
{
	wait_for_condition(false);
	return argument;
}

static void *in_cond_timedwait(void *argument)
{
	wait_for_condition(true);
	return argument;
}

static void *in_sem_wait(void *argument)
{
	pthread_cleanup_push(count_cleanup, NULL);
	sem_post(&started);
	sem_wait(&none);
	pthread_cleanup_pop(0);
	return argument;
}

static void *in_sem_timedwait(void *argument)
{
	struct timespec when = far_away();

	pthread_cleanup_push(count_cleanup, NULL);
	sem_post(&started);
	sem_timedwait(&none, &when);
	pthread_cleanup_pop(0);
	return argument;
}

static void *in_join(void *argument)
{
	pthread_cleanup_push(count_cleanup, NULL);
	sem_post(&started);
	pthread_join(waits_for_ever, NULL);
	pthread_cleanup_pop(0);
	return argument;
}

static void *in_busy_loop(void *argument)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	pthread_cleanup_push(count_cleanup, NULL);
	sem_post(&started);
	for (volatile long i = 0;; i++)
		;
	pthread_cleanup_pop(0);
	return argument;
}

/* waiting: the threads that wait then, or 0 if it does not. */
static void cancel(const char *where, void *(*routine)(void *), unsigned waiting)
{
	pthread_t thread;
	void *result;

	cleaned = 0;
	must(pthread_create(&thread, NULL, routine, NULL) == 0);
	sem_wait(&started);
	if (waiting)
		await_others(waiting);
	int error = pthread_cancel(thread);
	must(pthread_join(thread, &result) == 0);
	say("%s: cancel %d, %s, cleaned %d\n", where, error, result == PTHREAD_CANCELED ? "cancelled" : "returned",
	    cleaned);
}

int main(void)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&lock, &attributes);
	sem_init(&started, 0, 0);
	sem_init(&none, 0, 0);
	cancel("cond_wait", in_cond_wait, 1);
	say("mutex is free: %d\n", pthread_mutex_trylock(&lock));
	pthread_mutex_unlock(&lock);
	cancel("cond_timedwait", in_cond_timedwait, 1);
	cancel("sem_wait", in_sem_wait, 1);
	cancel("sem_timedwait", in_sem_timedwait, 1);
	must(pthread_create(&waits_for_ever, NULL, in_sem_wait, NULL) == 0);
	sem_wait(&started);
	cancel("join", in_join, 2);
	sem_post(&none);
	say("join after a cancelled join: %d\n", pthread_join(waits_for_ever, NULL));
	cancel("busy loop", in_busy_loop, 0);
	return 0;
}
