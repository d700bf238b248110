/*
 * A deadlock that always happens: forward() holds `first` and wants `second`, backward() holds `second`
 * and wants `first`; a barrier makes sure that both hold one before either asks for the other.  Prints its
 * pid, then hangs; a SIGALRM ends it after a minute, so that nothing is left behind by a broken test.
 */
#include <pthread.h>

#include "say.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;

static void *forward(void *argument)
{
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&both_hold_one);
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&second);
	pthread_mutex_unlock(&first);
	return argument;
}

static void *backward(void *argument)
{
	pthread_mutex_lock(&second);
	pthread_barrier_wait(&both_hold_one);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	return argument;
}

int main(void)
{
	pthread_t threads[2];

	alarm(60);
	pthread_barrier_init(&both_hold_one, NULL, 3);
	pthread_create(&threads[0], NULL, forward, NULL);
	pthread_create(&threads[1], NULL, backward, NULL);
	pthread_barrier_wait(&both_hold_one);
	say("%d hangs\n", (int)getpid());
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	say("does not hang\n");
	return 1;
}
