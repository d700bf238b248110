/*
 * Starts a process that records late, and has ended with 1 by then:
 *
 *   records_late fork          a child that waits for half a second before it makes its first call that is seen
 *   records_late read FILE     the same, until there is something to read in FILE
 *   records_late exec LIBRARY  a child that executes this program, whose loader is held up for as long by LIBRARY, an
 *                              auditor (LD_AUDIT)
 *   records_late never         a child that makes no call that is seen, and ends half a second later
 *   records_late end           what the executed child is told
 *
 * Each of these children ends with 3, after 7 allocations if it makes any.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "say.h"

#define ENVIRONMENT_MOST 1000

extern char **environ;

static void *volatile kept;

/* Nothing that the library would see. */
static void wait_half_a_second(void) { syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 500000000}, NULL); }

static void wait_for_letter(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
	char letter;

	if (fd < 0 || syscall(SYS_read, fd, &letter, 1) != 1)
		syscall(SYS_exit_group, 98);
}

static void allocate_and_end(void)
{
	for (int i = 0; i < 7; i++)
		kept = malloc(1000);
	exit(3);
}

/* Without a heap: it would begin to record before that. */
static void execute(const char *program, const char *auditor)
{
	char variable[512], *arguments[] = {(char *)program, "end", NULL};
	char *environment[ENVIRONMENT_MOST + 2];
	size_t count = 0;

	for (; environ[count] && count < ENVIRONMENT_MOST; count++)
		environment[count] = environ[count];
	snprintf(variable, sizeof variable, "LD_AUDIT=%s", auditor);
	environment[count++] = variable;
	environment[count] = NULL;
	execve(program, arguments, environment);
	_exit(98);
}

static void be_child(char **arguments)
{
	const char *how = arguments[1];

	if (!strcmp(how, "exec"))
		execute(arguments[0], arguments[2]);
	if (!strcmp(how, "read"))
		wait_for_letter(arguments[2]);
	else
		wait_half_a_second();
	if (!strcmp(how, "never"))
		syscall(SYS_exit_group, 3);
	allocate_and_end();
}

int main(int count, char **arguments)
{
	must(count >= 2);
	if (!strcmp(arguments[1], "end"))
		allocate_and_end();
	pid_t child = fork();
	must(child >= 0);
	if (child == 0)
		be_child(arguments);
	return 1;
}
