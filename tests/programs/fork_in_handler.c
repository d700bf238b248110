/* A timer's handler forks, also in the middle of malloc and free; each child goes on from there, and ends well. */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

#define CHILDREN 100

static volatile sig_atomic_t children, in_child;

static void handler(int number)
{
	int error = errno;
	pid_t child;

	(void)number;
	if (in_child || children == CHILDREN)
		return;
	child = fork();
	in_child = child == 0;
	children += child > 0;
	errno = error;
}

static void use_heap(void)
{
	for (int i = 0; i < 2000; i++) {
		void *volatile block = malloc((size_t)(10 + i % 50));
		free(block);
	}
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct itimerval timer = {{0, 1000}, {0, 1000}};
	int status, good = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (children < CHILDREN && !in_child)
		use_heap();
	if (in_child) {
		use_heap();
		_exit(0);
	}
	timer = (struct itimerval){0};
	setitimer(ITIMER_REAL, &timer, NULL);
	while (wait(&status) > 0)
		good += status == 0;
	say("%d children, %d ended well\n", CHILDREN, good);
	return good != CHILDREN;
}
