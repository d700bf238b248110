/* Clears its argv, as programs that set their own title do, and then forks. */
#include <sys/wait.h>

#include "tests/programs/say.h"

int main(int argc, char **argv)
{
	int status;
	pid_t child;

	for (int i = 1; i < argc; i++)
		argv[i] = NULL;
	free(malloc(1));
	child = fork();
	if (!child) {
		free(malloc(2));
		_exit(7);
	}
	must(waitpid(child, &status, 0) == child);
	say("status %x\n", status);
	return 0;
}
