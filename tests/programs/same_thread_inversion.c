/*
 * One thread takes AB, then BA; another takes locks of its own.  A thread does not deadlock with itself:
 * no realised, no predicted deadlock.
 */
#include <pthread.h>

#include "say.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t third = PTHREAD_MUTEX_INITIALIZER;
static long sum;

static void nested(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	sum++;
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

static void *both_orders(void *argument)
{
	nested(&first, &second);
	nested(&second, &first);
	return argument;
}

static void *bystander(void *argument)
{
	pthread_mutex_lock(&third);
	pthread_mutex_unlock(&third);
	return argument;
}

int main(void)
{
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, both_orders, NULL);
	pthread_create(&threads[1], NULL, bystander, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	say("sum %ld\n", sum);
	return 0;
}
