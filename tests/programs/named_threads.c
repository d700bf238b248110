/*
 * Threads that allocate at one place:
 *
 *   main        1 x 1000, kept
 *   "worker"    two threads, 3 x 100 each; each keeps one block
 *   no name     1 x 7, freed
 *
 * The peak is when all three blocks of the second worker are live: 1000 + 100 + 300 = 1400.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "say.h"

__attribute__((noinline)) static void *take(size_t size)
{
	void *block = malloc(size);

	must(block);
	return block;
}

static void *worker(void *unused)
{
	void *volatile blocks[3];

	pthread_setname_np(pthread_self(), "worker");
	for (int i = 0; i < 3; i++)
		blocks[i] = take(100);
	free(blocks[0]);
	free(blocks[1]);
	return unused;
}

static void *nameless(void *unused)
{
	free(take(7));
	return unused;
}

static void run(void *routine(void *))
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, routine, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);
}

int main(void)
{
	void *volatile kept = take(1000);

	must(kept);
	run(worker);
	run(nameless);
	run(worker);
	return 0;
}
