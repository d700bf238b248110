/*
 * Limits its address space by several calls, some of which the kernel refuses, and executes itself in several
 * ways.  Each process prints the limit that it reads back.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/programs/say.h"

#define MIB (1ul << 20)

extern char **environ;

static void show(const char *what)
{
	struct rlimit limit, same;

	must(getrlimit(RLIMIT_AS, &limit) == 0 && prlimit(0, RLIMIT_AS, NULL, &same) == 0);
	must(!memcmp(&limit, &same, sizeof limit));
	say("%s: %lu %lu\n", what, (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
}

static void limit(unsigned long soft, unsigned long hard)
{
	int result = setrlimit(RLIMIT_AS, &(struct rlimit){soft * MIB, hard * MIB});

	say("%lu %lu: %s\n", soft, hard, result ? strerror(errno) : "set");
	show("own");
}

static void set_and_get(unsigned long soft, unsigned long hard)
{
	struct rlimit old;

	must(prlimit(getpid(), RLIMIT_AS, &(struct rlimit){soft * MIB, hard * MIB}, &old) == 0);
	say("before: %lu %lu\n", (unsigned long)old.rlim_cur, (unsigned long)old.rlim_max);
	show("own");
}

static void start_all(char *self)
{
	char *spawned[] = {self, "spawned", NULL};
	pid_t child;

	must(posix_spawn(&child, self, NULL, NULL, spawned, environ) == 0 && waitpid(child, NULL, 0) == child);
	child = fork();
	if (!child) {
		show("forked");
		limit(100, 200);
		execl(self, self, "forked and executed", NULL);
	}
	must(waitpid(child, NULL, 0) == child);
	child = vfork();
	if (!child) {
		execl(self, self, "executed by vfork", NULL);
		_exit(1);
	}
	must(waitpid(child, NULL, 0) == child);
	show("after all");
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		show(argv[1]);
		return 0;
	}
	show("at first");
	limit(300, 400);
	limit(500, 400);
	limit(350, 390);
	set_and_get(200, 350);
	start_all(argv[0]);
	must(execl("/no/such/program", "program", NULL) == -1);
	show("not executed");
	execl(argv[0], argv[0], "executed", NULL);
	return 1;
}
