/*
 * Uses up all its descriptors, then forks, makes a thread and allocates in the child: 10 blocks of 25 bytes in
 * the parent, 20 in the child, all freed.  A recorder that must open something for the child cannot.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "say.h"

static void *allocate(void *argument)
{
	for (int i = 0; i < 10; i++)
		free(malloc(25));
	return argument;
}

static void child(void)
{
	pthread_t thread;

	allocate(NULL);
	must(pthread_create(&thread, NULL, allocate, NULL) == 0);
	pthread_join(thread, NULL);
	_exit(5);
}

int main(void)
{
	int status;
	pid_t pid;

	setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64});
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	allocate(NULL);
	pid = fork();
	if (pid == 0)
		child();
	must(waitpid(pid, &status, 0) == pid);
	say("child ended with %d\n", WEXITSTATUS(status));
	return 0;
}
