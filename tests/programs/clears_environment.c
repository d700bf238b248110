/* Starts three programs with an empty environment, by fork, vfork and posix_spawn, and one with none (NULL); and tries
 * to start programs that do not exist. */
#include <spawn.h>
#include <sys/wait.h>

#include "say.h"

static char *const empty[] = {NULL};
static char *const arguments[] = {"true", NULL};

static void execute(void)
{
	execve("/nonexistent", arguments, empty);
	execve("/bin/true", arguments, empty);
	_exit(98);
}

static void await(pid_t child)
{
	int status;

	must(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
	pid_t child = fork();
	if (child == 0)
		execute();
	await(child);
	child = vfork();
	if (child == 0)
		execute();
	await(child);
	must(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, empty) == 0);
	await(child);
	must(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, NULL) == 0);
	await(child);
	must(posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, empty) != 0);
	return 0;
}
