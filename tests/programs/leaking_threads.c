/* Three threads leak at one place, while all of them work on what they share under a lock. */
#include <pthread.h>
#include <stdlib.h>

#include "say.h"
#include "wipe_stack.h"

#define THREADS 3

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long shared;
static void *volatile last;

static __attribute__((noinline)) void lose(size_t bytes)
{
	last = malloc(bytes);
	must(last != NULL);
	last = NULL;
}

static void *work(void *unused)
{
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&lock);
		shared++;
		if (i % 20 == 0)
			lose(100 + (size_t)i);
		pthread_mutex_unlock(&lock);
	}
	wipe_stack();
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	wipe_stack();
	return 0;
}
