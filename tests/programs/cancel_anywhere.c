/*
 * Threads that allocate, lock and wait are cancelled at random moments, 200 of each kind: deferred at any
 * cancellation point, and asynchronously in a loop that calls nothing.  Every cleanup handler runs, every
 * lock is given back, nothing hangs.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

#include "say.h"

#define CANCELS 200

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t started;
static int cleaned;

static void clean(void *block)
{
	free(block);
	__atomic_fetch_add(&cleaned, 1, __ATOMIC_RELAXED);
}

static void unlock(void *mutex) { pthread_mutex_unlock(mutex); }

static void wait_a_moment(void)
{
	struct timespec when;

	clock_gettime(CLOCK_REALTIME, &when);
	when.tv_nsec = (when.tv_nsec + 50000) % 1000000000;
	pthread_mutex_lock(&lock);
	pthread_cleanup_push(unlock, &lock);
	pthread_cond_timedwait(&never, &lock, &when);
	pthread_cleanup_pop(1);
}

static void *deferred(void *argument)
{
	pthread_cleanup_push(clean, malloc(52));
	sem_post(&started);
	for (;;) {
		for (int i = 0; i < 50; i++)
			free(malloc(53));
		wait_a_moment();
		pthread_testcancel();
	}
	pthread_cleanup_pop(1);
	return argument;
}

static void *asynchronous(void *argument)
{
	pthread_cleanup_push(clean, malloc(54));
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	sem_post(&started);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (volatile long i = 0;; i++)
		;
	pthread_cleanup_pop(1);
	return argument;
}

static void cancel_all(const char *name, void *(*routine)(void *))
{
	int cancelled = 0;

	cleaned = 0;
	for (int i = 0; i < CANCELS; i++) {
		pthread_t thread;
		void *result;

		must(pthread_create(&thread, NULL, routine, NULL) == 0);
		sem_wait(&started);
		nanosleep(&(struct timespec){.tv_nsec = i * 7919 % 200000}, NULL);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		cancelled += result == PTHREAD_CANCELED;
	}
	must(pthread_mutex_trylock(&lock) == 0);
	pthread_mutex_unlock(&lock);
	say("%s: %d cancelled, %d cleaned\n", name, cancelled, cleaned);
}

int main(void)
{
	sem_init(&started, 0, 0);
	cancel_all("deferred", deferred);
	cancel_all("asynchronous", asynchronous);
	return 0;
}
