/*
 * One pid, four images: execs itself three times, counting down in its argument, each time through another
 * function (execv, execlp by path, execve).  Image n (3, 2, 1, 0) makes n + 1 blocks of 100 bytes.
 */
#include "say.h"

extern char **environ;
static void *volatile kept;

int main(int argc, char **argv)
{
	int left = argc > 1 ? atoi(argv[1]) : 3;
	char next[12];

	for (int i = 0; i <= left; i++)
		kept = malloc(100);
	say("%d left\n", left);
	snprintf(next, sizeof next, "%d", left - 1);
	char *arguments[] = {argv[0], next, NULL};
	if (left == 3)
		execv("/proc/self/exe", arguments);
	if (left == 2)
		execlp("/proc/self/exe", argv[0], next, (char *)NULL);
	if (left == 1)
		execve("/proc/self/exe", arguments, environ);
	return left;
}
