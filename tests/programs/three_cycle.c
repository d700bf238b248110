/*
 * Three locks, three threads: AB, BC, CA, kept apart by a number that no call shows.  One predicted deadlock over three
 * edges.
 */
#include <pthread.h>
#include <stdint.h>

#include "say.h"
#include "turns.h"

static pthread_mutex_t locks[3] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static long sum;

static void *philosopher(void *argument)
{
	uintptr_t seat = (uintptr_t)argument;

	give_way((unsigned)seat);
	pthread_mutex_lock(&locks[seat]);
	pthread_mutex_lock(&locks[(seat + 1) % 3]);
	sum++;
	pthread_mutex_unlock(&locks[(seat + 1) % 3]);
	pthread_mutex_unlock(&locks[seat]);
	through();
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
