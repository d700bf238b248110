/*
 * AB in one thread, BA in another, but each only while holding `gate`: this can never deadlock.  No
 * realised, no predicted deadlock.  (Reports may show, on request, an inversion that the gate refutes.)
 */
#include <pthread.h>

#include "say.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
static long sum;

static void in_order(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	sum++;
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
	pthread_mutex_unlock(&gate);
}

static void *forward(void *argument)
{
	for (int i = 0; i < 100; i++)
		in_order(&first, &second);
	return argument;
}

static void *backward(void *argument)
{
	for (int i = 0; i < 100; i++)
		in_order(&second, &first);
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
