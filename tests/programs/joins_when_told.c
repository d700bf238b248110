/*
 * One thread ends at once; another one waits for a condition that was signalled before it came, without the mutex held.
 * main prints "ready PID", waits for SIGUSR2, then wakes the second thread and joins both: all is well in the end.
 */
#include <pthread.h>
#include <signal.h>

#include "say.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int waiting, go_on;
static void *volatile kept;

static void *nothing(void *argument) { return argument; }

static void *wait_for_change(void *argument)
{
	pthread_mutex_lock(&lock);
	waiting = 1;
	while (!go_on)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return argument;
}

static int is_waiting(void)
{
	pthread_mutex_lock(&lock);
	int is = waiting;
	pthread_mutex_unlock(&lock);
	return is;
}

int main(void)
{
	pthread_t ends, waits;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kept = malloc(100);
	pthread_cond_signal(&changed);
	must(pthread_create(&ends, NULL, nothing, NULL) == 0);
	must(pthread_create(&waits, NULL, wait_for_change, NULL) == 0);
	while (!is_waiting())
		sched_yield();
	say("ready %d\n", (int)getpid());
	sigwait(&set, &signal);
	pthread_mutex_lock(&lock);
	go_on = 1;
	pthread_mutex_unlock(&lock);
	pthread_cond_broadcast(&changed);
	pthread_join(ends, NULL);
	pthread_join(waits, NULL);
	free(kept);
	return 0;
}
