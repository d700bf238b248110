/*
 * A deadlock that could happen and does not: forward() takes `first` then `second`, backward() `second`
 * then `first`, in two threads that no call orders; a flag keeps them apart.  A flag is no synchronisation that
 * ringtail sees: one predicted deadlock.
 */
#include <pthread.h>

#include "say.h"
#include "turns.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
static long sum;

static void *forward(void *argument)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
	sum += 1;
	pthread_mutex_unlock(&second);
	pthread_mutex_unlock(&first);
	through();
	return argument;
}

static void *backward(void *argument)
{
	give_way(1);
	pthread_mutex_lock(&second);
	pthread_mutex_lock(&first);
	sum += 2;
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
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
