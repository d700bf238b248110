/*
 * Four detached threads, which no thread joins: two created detached, one detached by main, one by itself.  All
 * end before main does.  No thread leak.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#include "say.h"
#include "thread_state.h"

static sem_t done, go;

static void *work(void *argument)
{
	if (argument)
		pthread_detach(pthread_self());
	sem_wait(&go);
	sem_post(&done);
	return NULL;
}

int main(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	sem_init(&done, 0, 0);
	sem_init(&go, 0, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_create(&thread, &attributes, work, NULL);
	pthread_create(&thread, &attributes, work, NULL);
	pthread_attr_destroy(&attributes);
	pthread_create(&thread, NULL, work, NULL);
	pthread_detach(thread);
	pthread_create(&thread, NULL, work, (void *)1);
	for (int i = 0; i < 4; i++)
		sem_post(&go);
	for (int i = 0; i < 4; i++)
		sem_wait(&done);
	await_end_of_others();
	say("4 detached\n");
	return 0;
}
