/*
 * 64 threads free each other's blocks.  In each of 20 rounds every thread makes 100 blocks of 16 to 115
 * bytes, meets the others at a barrier, and frees the 100 blocks of another thread, while that thread may be making its
 * next ones.  128000 blocks of 8384000 bytes (and what thread creation takes); each is freed once, by a thread that did
 * not make it; none is left.  Argument: the number of rounds.
 */
#include <pthread.h>
#include <stdint.h>

#include "say.h"

#define THREADS 64
#define BLOCKS  100

static unsigned char *blocks[2][THREADS][BLOCKS]; /* rounds take turns, so one barrier a round is enough */
static pthread_barrier_t met;
static int rounds = 20;
static long wrong[THREADS];

static void fill(unsigned char **own, unsigned self)
{
	for (int i = 0; i < BLOCKS; i++) {
		own[i] = malloc(16 + (size_t)i);
		must(own[i]);
		own[i][0] = (unsigned char)self;
		own[i][15 + i] = (unsigned char)i;
	}
}

static long empty(unsigned char **theirs, unsigned owner)
{
	long bad = 0;

	for (int i = 0; i < BLOCKS; i++) {
		bad += theirs[i][0] != owner || theirs[i][15 + i] != i;
		free(theirs[i]);
	}
	return bad;
}

static void *work(void *argument)
{
	unsigned self = (unsigned)(uintptr_t)argument;

	for (int round = 0; round < rounds; round++) {
		unsigned other = (self + 1 + (unsigned)round % (THREADS - 1)) % THREADS;

		fill(blocks[round & 1][self], self);
		pthread_barrier_wait(&met);
		wrong[self] += empty(blocks[round & 1][other], other);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	long bad = 0;

	if (argc > 1)
		rounds = atoi(argv[1]);
	pthread_barrier_init(&met, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		bad += wrong[i];
	}
	pthread_barrier_destroy(&met);
	say("blocks=%ld wrong=%ld\n", (long)THREADS * BLOCKS * rounds, bad);
	return 0;
}
