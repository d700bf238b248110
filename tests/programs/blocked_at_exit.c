/*
 * main returns while one thread waits on a condition that is never signalled and one on a semaphore that is never
 * posted: two thread leaks, blocked.
 */
#include <pthread.h>
#include <semaphore.h>

#include "say.h"
#include "thread_state.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never_signalled = PTHREAD_COND_INITIALIZER;
static sem_t never_posted;
static int ready;

static void *on_condition(void *argument)
{
	pthread_mutex_lock(&lock);
	while (!ready)
		pthread_cond_wait(&never_signalled, &lock);
	pthread_mutex_unlock(&lock);
	return argument;
}

static void *on_semaphore(void *argument)
{
	sem_wait(&never_posted);
	return argument;
}

int main(void)
{
	pthread_t threads[2];

	sem_init(&never_posted, 0, 0);
	pthread_create(&threads[0], NULL, on_condition, NULL);
	pthread_create(&threads[1], NULL, on_semaphore, NULL);
	await_others(2);
	say("two wait\n");
	return 0;
}
