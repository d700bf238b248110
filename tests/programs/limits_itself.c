/* Limits its own address space, more than once, and uses most of what the limit leaves; so does its child. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <string.h>

#include "tests/programs/say.h"

#define MIB (1ul << 20)

static void take(size_t bytes)
{
	char *block = malloc(bytes);

	must(block);
	memset(block, 1, bytes);
	free(block);
}

static void limit(size_t bytes)
{
	struct rlimit limit = {bytes, RLIM_INFINITY};

	must(setrlimit(RLIMIT_AS, &limit) == 0);
}

int main(void)
{
	int status;
	pid_t child;

	take(MIB);
	limit(400 * MIB);
	take(300 * MIB);
	limit(200 * MIB);
	for (int i = 0; i < 100000; i++)
		free(malloc(16));
	take(100 * MIB);
	child = fork();
	if (!child) {
		limit(180 * MIB);
		take(100 * MIB);
		_exit(3);
	}
	must(waitpid(child, &status, 0) == child);
	say("status %x\n", status);
	return 0;
}
