/*
 * Each of 30 threads leaves a block of 111 bytes to the destructor of a thread-specific value, which frees
 * it, makes another of 222 and leaves that to its next round; the third round ends it.  Every block is freed, after the
 * thread's start routine returned.  90 blocks: 30 x 111, 60 x 222.
 */
#include <pthread.h>

#include "say.h"

static pthread_key_t key;
static _Thread_local int round;
static int destructors;

static void again(void *block)
{
	__atomic_fetch_add(&destructors, 1, __ATOMIC_RELAXED);
	free(block);
	if (round++ < 2)
		pthread_setspecific(key, malloc(222));
}

static void *work(void *argument)
{
	pthread_setspecific(key, malloc(111));
	return argument;
}

int main(void)
{
	pthread_t threads[30];

	pthread_key_create(&key, again);
	for (int i = 0; i < 30; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 30; i++)
		pthread_join(threads[i], NULL);
	say("destructors %d\n", destructors);
	return 0;
}
