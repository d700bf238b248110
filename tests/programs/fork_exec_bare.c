/* A child whose only call is exec, with an environment that holds LD_PRELOAD alone. */
#include <string.h>
#include <sys/wait.h>

#include "tests/programs/say.h"

int main(int argc, char **argv)
{
	const char *preload = getenv("LD_PRELOAD");
	char variable[4096];
	char *child_argv[] = {argv[0], "again", NULL}, *child_envp[] = {variable, NULL};
	int status;
	pid_t child;

	free(malloc(1));
	if (argc > 1)
		return 5;
	snprintf(variable, sizeof variable, "LD_PRELOAD=%s", preload ? preload : "");
	child = fork();
	if (!child) {
		execve("/proc/self/exe", child_argv, child_envp);
		_exit(6);
	}
	must(waitpid(child, &status, 0) == child);
	say("status %x\n", status);
	return 0;
}
