/* A service with two workers and a logger.  At the end it tells the workers to stop, and joins them; of the logger it
 * forgets both.  A thread for each of its alarms is neither joined nor detached. usage: service_never_stops_a_worker */
#include <pthread.h>
#include <stdbool.h>

#include "say.h"
#include "thread_state.h"

#define WORKERS 2
#define ALARMS  5

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER, line_written = PTHREAD_COND_INITIALIZER;
static bool stopped;
static unsigned lines;

static void *work(void *unused)
{
	pthread_mutex_lock(&lock);
	while (!stopped)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void *write_log(void *unused)
{
	pthread_mutex_lock(&lock);
	while (!lines)
		pthread_cond_wait(&line_written, &lock);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void *ring_alarm(void *unused) { return unused; }

static __attribute__((noinline)) void start_alarm(void)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, ring_alarm, NULL) == 0);
}

int main(void)
{
	pthread_t workers[WORKERS], logger;

	for (int i = 0; i < WORKERS; i++)
		must(pthread_create(&workers[i], NULL, work, NULL) == 0);
	must(pthread_create(&logger, NULL, write_log, NULL) == 0);
	for (int i = 0; i < ALARMS; i++)
		start_alarm();
	await_others(WORKERS + 1);
	pthread_mutex_lock(&lock);
	stopped = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	return 0;
}
