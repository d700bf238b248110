/* A semaphore in which no thread has to wait, and a thread that is cancelled in its sem_wait all the same. */
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "say.h"

static sem_t semaphore;

static void *work(void *unused)
{
	for (;;) {
		sem_wait(&semaphore);
		sem_post(&semaphore);
	}
	return unused;
}

int main(void)
{
	pthread_t thread;
	void *result;

	alarm(60);
	sem_init(&semaphore, 0, 1);
	pthread_create(&thread, NULL, work, NULL);
	usleep(20000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	say("cancelled %d\n", result == PTHREAD_CANCELED);
	return 0;
}
