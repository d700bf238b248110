/*
 * Starts a process that records late, and ends with 1 before that:
 *
 *   records_late fork          a child that waits for half a second before its first hooked call
 *   records_late read FILE     a child that waits for something to read in FILE before its first hooked call
 *   records_late exec LIBRARY  a child that executes this program; the auditor LIBRARY (LD_AUDIT) holds its loader up
 *                              for half a second
 *   records_late never         a child that makes no hooked call, and ends half a second later
 *   records_late end           the executed child
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

/* Makes the system call itself, which no hook sees. */
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

/* Allocates nothing: the child would begin to record before the exec. */
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
