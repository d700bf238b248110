/*
 * Four threads end; two of them are joined, two never are, and none is detached: two thread leaks, unjoined.
 */
#include <pthread.h>
#include <semaphore.h>

#include "say.h"
#include "thread_state.h"

static sem_t done;

static void *work(void *argument)
{
	sem_post(&done);
	return argument;
}

int main(void)
{
	pthread_t threads[4];

	sem_init(&done, 0, 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 4; i++)
		sem_wait(&done);
	pthread_join(threads[0], NULL);
	pthread_join(threads[2], NULL);
	await_end_of_others();
	say("joined 2 of 4\n");
	return 0;
}
