/*
 * Both threads hold one lock and TRY the other, and release the lock that they hold if the try fails.  A try does not
 * wait, so there is no deadlock, realised or predicted.
 */
#include <pthread.h>
#include <sched.h>

#include "say.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
static long sum;

static void take_both(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	for (;;) {
		pthread_mutex_lock(outer);
		if (pthread_mutex_trylock(inner) == 0)
			break;
		pthread_mutex_unlock(outer);
		sched_yield();
	}
	sum++;
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

static void *forward(void *argument)
{
	for (int i = 0; i < 1000; i++)
		take_both(&first, &second);
	return argument;
}

static void *backward(void *argument)
{
	for (int i = 0; i < 1000; i++)
		take_both(&second, &first);
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
