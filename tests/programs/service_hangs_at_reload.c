/* A service reloads its configuration: the reloader locks the configuration and then the sessions, a request the
 * sessions and then the configuration.  It hangs; SIGALRM ends it SECONDS later if nothing else does. usage:
 * service_hangs_at_reload SECONDS */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"
#include "thread_state.h"

static pthread_mutex_t config_lock = PTHREAD_MUTEX_INITIALIZER, sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;
static int timeout = 10, sessions;

static __attribute__((noinline)) void reload_config(void)
{
	must(pthread_mutex_lock(&config_lock) == 0);
	pthread_barrier_wait(&both_hold_one);
	must(pthread_mutex_lock(&sessions_lock) == 0);
	timeout = sessions ? 20 : 10;
	pthread_mutex_unlock(&sessions_lock);
	pthread_mutex_unlock(&config_lock);
}

static __attribute__((noinline)) void serve_request(void)
{
	must(pthread_mutex_lock(&sessions_lock) == 0);
	sessions++;
	pthread_barrier_wait(&both_hold_one);
	must(pthread_mutex_lock(&config_lock) == 0);
	sessions += timeout > 10;
	pthread_mutex_unlock(&config_lock);
	pthread_mutex_unlock(&sessions_lock);
}

static void *reloader(void *unused)
{
	reload_config();
	return NULL;
}

static void *worker(void *unused)
{
	serve_request();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];

	must(argc == 2);
	must(pthread_barrier_init(&both_hold_one, NULL, 2) == 0);
	must(pthread_create(&threads[0], NULL, reloader, NULL) == 0);
	must(pthread_create(&threads[1], NULL, worker, NULL) == 0);
	await_others(2);
	alarm((unsigned)atoi(argv[1]));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
