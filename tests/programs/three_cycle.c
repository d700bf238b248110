/*
 * Three locks, three threads: AB, BC, CA, kept apart by time only.  One predicted deadlock over three edges.
 */
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "say.h"

static pthread_mutex_t locks[3] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static long sum;

static void *philosopher(void *argument)
{
	uintptr_t seat = (uintptr_t)argument;

	nanosleep(&(struct timespec){.tv_nsec = (long)seat * 150000000}, NULL);
	pthread_mutex_lock(&locks[seat]);
	pthread_mutex_lock(&locks[(seat + 1) % 3]);
	sum++;
	pthread_mutex_unlock(&locks[(seat + 1) % 3]);
	pthread_mutex_unlock(&locks[seat]);
	return NULL;
}

int main(void)
{
	pthread_t threads[3];

	for (uintptr_t i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, philosopher, (void *)i);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	say("sum %ld\n", sum);
	return 0;
}
