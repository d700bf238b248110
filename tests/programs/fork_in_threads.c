/*
 * fork_in_threads N: four threads fork N times in all, while two others do nothing but malloc and free.  Each
 * child allocates and ends with status 5 at once: it must not hang on a lock that another thread of its parent held.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "say.h"

#define FORKING 4
#define BUSY    2

static int left, good;
static bool stop;

static void *busy(void *argument)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		free(malloc(100));
	return argument;
}

static void child(void)
{
	alarm(30);
	for (int i = 0; i < 20; i++)
		free(malloc(50));
	_exit(5);
}

static void *fork_often(void *argument)
{
	while (__atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED) > 0) {
		void *block = malloc(60);
		int status;
		pid_t pid = fork();

		if (pid == 0)
			child();
		must(pid > 0 && waitpid(pid, &status, 0) == pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 5)
			__atomic_fetch_add(&good, 1, __ATOMIC_RELAXED);
		free(block);
	}
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t threads[FORKING + BUSY];

	must(argc == 2);
	left = atoi(argv[1]);
	for (int i = 0; i < FORKING + BUSY; i++)
		must(pthread_create(&threads[i], NULL, i < FORKING ? fork_often : busy, NULL) == 0);
	for (int i = 0; i < FORKING; i++)
		pthread_join(threads[i], NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = FORKING; i < FORKING + BUSY; i++)
		pthread_join(threads[i], NULL);
	say("%d of %s children ended well\n", good, argv[1]);
	return 0;
}
