/*
 * vfork and exec, from main and from a thread, 20 times each; once with an exec that fails.  The parent's
 * heap is recorded exactly afterwards too: 41 blocks of 30 bytes, all freed.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "say.h"

static char *arguments[] = {"sh", "-c", "exit 9", NULL};

static int run(const char *path)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(path, arguments);
		_exit(127);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void *twenty(void *argument)
{
	long good = 0;

	for (int i = 0; i < 20; i++) {
		void *block = malloc(30);

		good += run("/bin/sh") == 9;
		free(block);
	}
	(void)argument;
	return (void *)good;
}

int main(void)
{
	pthread_t thread;
	void *result;

	say("main: %ld of 20\n", (long)twenty(NULL));
	pthread_create(&thread, NULL, twenty, NULL);
	pthread_join(thread, &result);
	say("thread: %ld of 20\n", (long)result);
	free(malloc(30));
	say("no such file: %d\n", run("/no/such/file"));
	return 0;
}
