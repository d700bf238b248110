/*
 * AB in one thread, BA in another, all of them read locks of rwlocks that no thread write-locks: readers do not exclude
 * readers, so there is no deadlock, realised or predicted.
 */
#include <pthread.h>

#include "say.h"

static pthread_rwlock_t first = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t second = PTHREAD_RWLOCK_INITIALIZER;
static long sum;

static void read_both(pthread_rwlock_t *outer, pthread_rwlock_t *inner)
{
	pthread_rwlock_rdlock(outer);
	pthread_rwlock_rdlock(inner);
	__atomic_fetch_add(&sum, 1, __ATOMIC_RELAXED);
	pthread_rwlock_unlock(inner);
	pthread_rwlock_unlock(outer);
}

static void *forward(void *argument)
{
	for (int i = 0; i < 100; i++)
		read_both(&first, &second);
	return argument;
}

static void *backward(void *argument)
{
	for (int i = 0; i < 100; i++)
		read_both(&second, &first);
	return argument;
}

int main(void)
{
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, forward, NULL);
	pthread_create(&threads[1], NULL, backward, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	say("sum %ld\n", sum);
	return 0;
}
