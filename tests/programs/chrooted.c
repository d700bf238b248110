/*
 * chrooted DIRECTORY: changes its root to DIRECTORY, as daemons do.  It makes 100 blocks of 48 bytes before that, as
 * many after it, and as many in a child, for which the old paths do not exist.
 */
#include <sys/wait.h>

#include "say.h"

static void work(void)
{
	for (int i = 0; i < 100; i++)
		free(malloc(48));
}

int main(int argc, char **argv)
{
	int status;

	must(argc == 2);
	work();
	must(chroot(argv[1]) == 0 && chdir("/") == 0);
	work();
	pid_t child = fork();
	if (child == 0) {
		work();
		_exit(3);
	}
	must(child > 0 && waitpid(child, &status, 0) == child);
	say("status %x\n", status);
	return 0;
}
