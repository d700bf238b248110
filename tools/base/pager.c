#include "tools/base/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/base/own_process.h"

static struct {
	pid_t pid;    /* 0: there is no pager */
	int terminal; /* what standard output was */
	bool forbidden;
	sighandler_t interrupt, quit;
} pager = {.terminal = -1};

/* ---- which one ------------------------------------------------------------------------------------ */

static bool is_in_path(const char *name, size_t length)
{
	const char *path = getenv("PATH");

	for (const char *at = path ? path : ""; *at; at += strcspn(at, ":"), at += *at == ':') {
		char file[4096];

		snprintf(file, sizeof file, "%.*s/%.*s", (int)strcspn(at, ":"), at, (int)length, name);
		if (!access(file, X_OK))
			return true;
	}
	return false;
}

/* The shell runs the command.  Only a plain name of a program can be looked up before. */
static bool can_run(const char *command)
{
	size_t length = strcspn(command, " \t");
	bool plain = strcspn(command, "/$`'\"\\=;&|<>(){}*?~") >= length;

	return !plain || is_in_path(command, length);
}

static bool is_set(const char *value) { return value && *value; }

/* NULL: none. */
static const char *choose(void)
{
	const char *own = getenv("RINGTAIL_PAGER"), *usual = getenv("PAGER"), *terminal = getenv("TERM");
	const char *command = own ? own : usual ? usual : "less";

	if (!is_set(terminal) || !strcmp(terminal, "dumb") || !*command || !strcmp(command, "cat"))
		return NULL;
	if (can_run(command))
		return command;
	if (own || usual)
		fprintf(stderr, "ringtail: no pager: cannot find %.*s (%s)\n", (int)strcspn(command, " \t"), command,
		        own ? "RINGTAIL_PAGER" : "PAGER");
	return NULL;
}

/* ---- its process ------------------------------------------------------------------------------------ */

static void become(const char *command, int input)
{
	own_process_hand_down();
	dup2(input, STDIN_FILENO);
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static void take_over(pid_t pid, int output)
{
	pager.pid = pid;
	pager.terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	pager.interrupt = signal(SIGINT, SIG_IGN);
	pager.quit = signal(SIGQUIT, SIG_IGN);
	dup2(output, STDOUT_FILENO);
}

void pager_forbid(void) { pager.forbidden = true; }

void pager_begin(void)
{
	const char *command = !pager.pid && !pager.forbidden && isatty(STDOUT_FILENO) ? choose() : NULL;
	int ends[2];

	if (!command || pipe2(ends, O_CLOEXEC))
		return;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		become(command, ends[0]);
	if (pid > 0)
		take_over(pid, ends[1]);
	close(ends[0]);
	close(ends[1]);
}

void pager_end(void)
{
	if (!pager.pid)
		return;
	dup2(pager.terminal, STDOUT_FILENO); /* closes the pipe, and so the pager's input */
	close(pager.terminal);
	while (waitpid(pager.pid, NULL, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, pager.interrupt);
	signal(SIGQUIT, pager.quit);
	pager.pid = 0;
	pager.terminal = -1;
}

int pager_terminal(int fd)
{
	if (fd == STDOUT_FILENO && pager.pid)
		return pager.terminal;
	return isatty(fd) ? fd : -1;
}
