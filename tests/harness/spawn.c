#include "tests/harness/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void sleep_ms(long ms) { nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL); }

/* Process groups that were started and not yet waited for. */
#define MOST_RUNNING 16
static pid_t running[MOST_RUNNING];

static void replace_running(pid_t old, pid_t new)
{
	int i = 0;

	while (i < MOST_RUNNING - 1 && running[i] != old)
		i++;
	running[i] = new;
}

void spawn_kill_all(void)
{
	for (int i = 0; i < MOST_RUNNING; i++)
		if (running[i])
			kill(-running[i], SIGKILL);
}

/* Every test program starts with the same dispositions and mask, however the tests themselves were started: a shell
 * that starts them in the background, or nohup, leaves SIGINT, SIGQUIT or SIGHUP ignored. */
static void reset_signals(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Runs in the child, and never returns.  The child gets its own process group, so that all its processes can be
 * killed. */
static void become(const struct command *command, int out, int err)
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close_range(3, ~0u, 0);
	reset_signals();
	unsetenv("LD_PRELOAD");
	unsetenv("RINGTAIL");
	setenv("LC_ALL", "C", 1);
	for (const char *const *env = command->env; env && *env; env++)
		putenv((char *)*env);
	if (command->directory && chdir(command->directory) != 0)
		_exit(126);
	execvp(command->argv[0], (char *const *)command->argv);
	_exit(127);
}

/* Output goes to files in memory, so that no thread has to read pipes. */
struct child spawn_start(struct command command)
{
	struct child child = {.out = memfd_create("stdout", MFD_CLOEXEC),
	                      .err = memfd_create("stderr", MFD_CLOEXEC),
	                      .timeout = command.timeout > 0 ? command.timeout : 240};

	child.pid = fork();
	if (child.pid == 0)
		become(&command, child.out, child.err);
	replace_running(0, child.pid);
	return child;
}

static char *read_whole(int fd, size_t *bytes)
{
	struct stat status;
	char *text;
	ssize_t n;

	if (fstat(fd, &status) != 0)
		abort();
	text = malloc((size_t)status.st_size + 1);
	n = pread(fd, text, (size_t)status.st_size, 0);
	*bytes = n < 0 ? 0 : (size_t)n;
	text[*bytes] = 0;
	return text;
}

static void read_outcome(struct child *child, int status, struct outcome *outcome)
{
	outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	outcome->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	outcome->out = read_whole(child->out, &outcome->out_bytes);
	outcome->err = read_whole(child->err, &outcome->err_bytes);
	close(child->out);
	close(child->err);
}

struct outcome spawn_wait(struct child *child)
{
	struct outcome outcome = {0};
	double until = now() + child->timeout;
	int status;

	while (waitpid(child->pid, &status, WNOHANG) == 0) {
		if (now() > until && !outcome.timed_out) {
			outcome.timed_out = true;
			kill(-child->pid, SIGKILL);
			kill(child->pid, SIGKILL);
		}
		sleep_ms(2);
	}
	replace_running(child->pid, 0);
	read_outcome(child, status, &outcome);
	return outcome;
}

struct outcome spawn(struct command command)
{
	struct child child = spawn_start(command);

	return spawn_wait(&child);
}

/* The count-th full line that contains `wanted`, malloced; NULL: there are fewer. */
static char *line_with(const char *text, const char *wanted, unsigned count)
{
	const char *start = text, *end, *at;

	for (; (end = strchr(start, '\n')); start = end + 1) {
		at = strstr(start, wanted);
		if (at && at < end && --count == 0)
			return strndup(start, (size_t)(end - start));
	}
	return NULL;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static char *wait_for_line(struct child *child, int stream, const char *text, unsigned count, double timeout)
{
	double until = now() + timeout;

	for (;;) {
		bool last = (!child->outlived && has_ended(child->pid)) || now() > until;
		size_t bytes;
		char *all = read_whole(stream, &bytes);
		char *line = line_with(all, text, count);

		free(all);
		if (line || last)
			return line;
		sleep_ms(10);
	}
}

char *spawn_wait_for_line(struct child *child, const char *text, double timeout)
{
	return wait_for_line(child, child->out, text, 1, timeout);
}

static bool wait_for_lines(struct child *child, int stream, const char *text, unsigned count, double timeout)
{
	char *line = wait_for_line(child, stream, text, count, timeout);
	bool found = line != NULL;

	free(line);
	return found;
}

bool spawn_wait_for_lines(struct child *child, const char *text, unsigned count, double timeout)
{
	return wait_for_lines(child, child->out, text, count, timeout);
}

bool spawn_wait_for_errors(struct child *child, const char *text, unsigned count, double timeout)
{
	return wait_for_lines(child, child->err, text, count, timeout);
}

void outcome_free(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->err);
	*outcome = (struct outcome){0};
}
