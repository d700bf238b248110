/*
 * Runs a command, and ends every process that the command has left behind.
 *
 *   usage: reaper COMMAND...
 *
 * A test may fail, crash or be killed before it ends what it has started, and a daemon has left its process group.  As
 * the subreaper (prctl(2)) of all of them, this process becomes the parent of each whose own parent has ended.  When
 * the command has ended, processes that do not end by themselves within a moment are named and killed.  The same
 * happens if this process gets a signal that asks it to end, or if its own parent ends.  The exit status is that of the
 * command.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOMENT_MS 3000 /* for processes that are about to end */
#define KILL_MS   10000
#define STEP_MS   20

static pid_t command;
static int command_status;
static bool command_ended;
static int asked_to_end; /* the signal; 0: none */

/* True while there are children. */
static bool reap(void)
{
	int status;
	pid_t ended;

	while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
		if (ended != command)
			continue;
		command_ended = true;
		command_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return ended == 0;
}

static void name(pid_t pid)
{
	char path[64], line[256] = "?";

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(line, 1, sizeof line - 1, file) : 0;
	if (file)
		fclose(file);
	for (size_t i = 0; i + 1 < length; i++)
		if (!line[i])
			line[i] = ' ';
	fprintf(stderr, "reaper: left behind and killed: pid %d: %s\n", (int)pid, line);
}

static void kill_children(void)
{
	char path[64];
	int pid;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	FILE *children = fopen(path, "r");
	while (children && fscanf(children, "%d", &pid) == 1) {
		if (!asked_to_end)
			name(pid);
		kill(pid, SIGKILL);
	}
	if (children)
		fclose(children);
}

static void sleep_step(void) { nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL); }

/* The children of a process that is killed become ours, and are killed in turn. */
static void end_all(void)
{
	bool left = reap();

	for (int ms = 0; left && !asked_to_end && ms < MOMENT_MS; ms += STEP_MS, left = reap())
		sleep_step();
	for (int ms = 0; left && ms < KILL_MS; ms += STEP_MS, left = reap()) {
		kill_children();
		sleep_step();
	}
}

static void wait_for_command(const sigset_t *signals)
{
	while (!command_ended) {
		int signal_number = sigwaitinfo(signals, NULL);

		reap();
		if (signal_number > 0 && signal_number != SIGCHLD && !command_ended) {
			asked_to_end = signal_number;
			return;
		}
	}
}

int main(int argc, char **argv)
{
	pid_t parent = getppid();
	sigset_t signals, before;

	if (argc < 2)
		return 125;
	sigemptyset(&signals);
	for (size_t i = 0; i < 4; i++)
		sigaddset(&signals, (const int[]){SIGCHLD, SIGTERM, SIGINT, SIGHUP}[i]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || (command = fork()) < 0)
		return 125;
	if (command == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	wait_for_command(&signals);
	end_all();
	return asked_to_end ? 128 + asked_to_end : command_status;
}
