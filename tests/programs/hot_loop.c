/*
 * What most programs do most of the time: N rounds (the first argument) of malloc and free, lock and unlock, by call
 * paths of 3 to 34 frames that change from round to round, in as many threads as the second argument says: 0 is main
 * alone.
 */
#include <pthread.h>

#include "say.h"

#define MOST_THREADS 16

static long rounds;

__attribute__((noinline)) static void work(pthread_mutex_t *lock, size_t bytes)
{
	void *block = malloc(bytes);

	pthread_mutex_lock(lock);
	__asm__ volatile("" : : "r"(block) : "memory");
	pthread_mutex_unlock(lock);
	free(block);
}

__attribute__((noinline)) static void descend(int levels, pthread_mutex_t *lock, size_t bytes)
{
	if (levels > 0)
		descend(levels - 1, lock, bytes);
	else
		work(lock, bytes);
	__asm__ volatile("");
}

static void *run(void *argument)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	for (long i = 0; i < rounds; i++)
		descend((int)(i % 32), &lock, 16 + (size_t)(i % 7) * 16);
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t threads[MOST_THREADS];
	int count = argc > 2 ? atoi(argv[2]) : 1;

	must(argc > 1 && count <= MOST_THREADS);
	rounds = atol(argv[1]);
	if (!count)
		run(NULL);
	for (int i = 0; i < count; i++)
		must(pthread_create(&threads[i], NULL, run, NULL) == 0);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	say("done\n");
	return 0;
}
