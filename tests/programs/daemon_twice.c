/*
 * Becomes a daemon in the old way: forks, makes a session of its own, forks again, goes to /, closes every descriptor.
 * The first process ends with 1, the one between with 2, the daemon with 3 after 7 allocations.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "say.h"

static void *volatile kept;

static void be_daemon(void)
{
	if (chdir("/"))
		_exit(98);
	umask(0);
	for (int fd = 0; fd < 256; fd++)
		close(fd);
	for (int i = 0; i < 7; i++)
		kept = malloc(1000);
	exit(3);
}

int main(void)
{
	pid_t between = fork();

	must(between >= 0);
	if (between == 0) {
		must(setsid() > 0);
		pid_t last = fork();
		if (last == 0)
			be_daemon();
		_exit(last > 0 ? 2 : 98);
	}
	waitpid(between, NULL, 0);
	kept = malloc(10);
	return 1;
}
