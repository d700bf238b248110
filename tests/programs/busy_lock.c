/*
 * Busy, slow and alive: 32 threads take one mutex in turn and hold it for a while; two threads play ping-pong by a
 * condition variable, two others by semaphores; all meet at a barrier in the end.  Most threads wait at any time, and
 * none hangs.
 */
#include <semaphore.h>
#include <stdbool.h>

#include "shapes.h"

#define WORKERS 32
#define ROUNDS  30

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, turns = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t end;
static sem_t to[2];
static int turn;

static void *work(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		pause_ms(2);
		pthread_mutex_unlock(&lock);
	}
	pthread_barrier_wait(&end);
	return unused;
}

static void *play_by_condition(void *me)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&turns);
		while (turn != (int)(long)me)
			pthread_cond_wait(&turn_changed, &turns);
		pause_ms(20);
		turn = !turn;
		pthread_cond_signal(&turn_changed);
		pthread_mutex_unlock(&turns);
	}
	pthread_barrier_wait(&end);
	return NULL;
}

static void *play_by_semaphore(void *me)
{
	for (int i = 0; i < ROUNDS; i++) {
		sem_wait(&to[(long)me]);
		pause_ms(20);
		sem_post(&to[!(long)me]);
	}
	pthread_barrier_wait(&end);
	return NULL;
}

int main(void)
{
	pthread_t threads[WORKERS + 4];

	alarm(120);
	pthread_barrier_init(&end, NULL, WORKERS + 4);
	sem_init(&to[0], 0, 1);
	sem_init(&to[1], 0, 0);
	for (int i = 0; i < WORKERS; i++)
		threads[i] = start(work, NULL);
	for (long i = 0; i < 2; i++) {
		threads[WORKERS + i] = start(play_by_condition, (void *)i);
		threads[WORKERS + 2 + i] = start(play_by_semaphore, (void *)i);
	}
	for (int i = 0; i < WORKERS + 4; i++)
		pthread_join(threads[i], NULL);
	say("done\n");
	return 0;
}
