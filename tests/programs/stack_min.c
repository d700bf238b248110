/*
 * 20 threads with the smallest stack that the system allows (PTHREAD_STACK_MIN) allocate, lock, wait for a
 * semaphore and free: hooks have to be frugal.  20 blocks of 90 bytes from them.
 */
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>

#include "say.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t posted;
static int counter;

static void *work(void *argument)
{
	void *block = malloc(90);

	pthread_mutex_lock(&lock);
	counter++;
	pthread_mutex_unlock(&lock);
	sem_wait(&posted);
	free(block);
	return argument;
}

int main(void)
{
	pthread_attr_t attributes;
	pthread_t threads[20];

	sem_init(&posted, 0, 0);
	pthread_attr_init(&attributes);
	must(pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN) == 0);
	for (int i = 0; i < 20; i++)
		must(pthread_create(&threads[i], &attributes, work, NULL) == 0);
	for (int i = 0; i < 20; i++)
		sem_post(&posted);
	for (int i = 0; i < 20; i++)
		pthread_join(threads[i], NULL);
	say("counter %d\n", counter);
	return 0;
}
