/*
 * 500 threads of a few milliseconds, about 50 at a time.  Each allocates 10 blocks of 48 bytes, takes one
 * shared lock 10 times, frees its blocks and ends; all are joined.  5000 blocks of 240000 bytes and what
 * thread creation takes.  Argument: the number of threads.
 */
#include <pthread.h>
#include <time.h>

#include "say.h"

#define AT_A_TIME 50
#define BLOCKS    10

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *work(void *argument)
{
	void *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(48);
		must(blocks[i]);
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return argument;
}

int main(int argc, char **argv)
{
	int total = argc > 1 ? atoi(argv[1]) : 500;
	pthread_t threads[AT_A_TIME];

	for (int started = 0, joined = 0; joined < total;) {
		if (started < total && started - joined < AT_A_TIME) {
			must(pthread_create(&threads[started % AT_A_TIME], NULL, work, NULL) == 0);
			started++;
		} else {
			pthread_join(threads[joined++ % AT_A_TIME], NULL);
		}
	}
	say("threads=%d counter=%ld\n", total, counter);
	return 0;
}
