/*
 * main takes AB before it makes a thread, the thread takes BA, main joins it and takes AB again, then a
 * second thread, made after that join, takes BA.  Creation and join order them all: no realised, no
 * predicted deadlock.
 */
#include <pthread.h>

#include "say.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
static long sum;

static void nested(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	sum++;
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

static void *backward(void *argument)
{
	nested(&second, &first);
	return argument;
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		pthread_t thread;

		nested(&first, &second);
		pthread_create(&thread, NULL, backward, NULL);
		pthread_join(thread, NULL);
	}
	nested(&first, &second);
	say("sum %ld\n", sum);
	return 0;
}
