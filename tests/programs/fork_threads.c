/*
 * Forks 50 times while four threads do nothing but malloc, free and lock.  Each child allocates, takes a lock of its
 * own, makes a thread and joins it, and ends with status 5: the child must not hang on a lock that another thread of
 * its parent held.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "say.h"

#define THREADS 4
#define FORKS   50

static bool stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t childs_lock = PTHREAD_MUTEX_INITIALIZER;

static void *busy(void *argument)
{
	unsigned rounds = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		void *block = malloc(100);

		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
		free(block);
		if (++rounds % 100 == 0)
			usleep(50); /* or a slow machine makes more events than a ring holds */
	}
	return argument;
}

static void *childs_thread(void *argument)
{
	free(malloc(200));
	return argument;
}

static void child(void)
{
	pthread_t thread;

	alarm(30);
	for (int i = 0; i < 100; i++)
		free(malloc(50));
	pthread_mutex_lock(&childs_lock);
	pthread_mutex_unlock(&childs_lock);
	must(pthread_create(&thread, NULL, childs_thread, NULL) == 0);
	pthread_join(thread, NULL);
	_exit(5);
}

int main(void)
{
	pthread_t threads[THREADS];
	int good = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, busy, NULL);
	for (int i = 0; i < FORKS; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			child();
		waitpid(pid, &status, 0);
		good += WIFEXITED(status) && WEXITSTATUS(status) == 5;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	say("%d of %d children ended well\n", good, FORKS);
	return 0;
}
