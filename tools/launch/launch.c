#include "tools/launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/base/own_files.h"
#include "tools/base/own_process.h"
#include "tools/runs/run_directory.h"
#include "tools/runs/unrecorded.h"

#define LIBRARY        "libringtail.so"
#define SAME_NAME_MAX  100
#define EXEC_WITHIN_MS 10000

/* ---- the library --------------------------------------------------------------------------- */

static char *find_library(struct error *err)
{
	static const char *const places[] = {"../lib/ringtail", "../lib", NULL};
	char self[PATH_MAX], *found;
	const char *given = getenv("RINGTAIL_LIB");

	if (given && *given) {
		char *path = access(given, R_OK) ? NULL : realpath(given, NULL);
		if (!path)
			error_set(err, EXIT_INTERNAL, "RINGTAIL_LIB=%s: %s", given, strerror(errno));
		return path;
	}
	if ((found = own_file_find(LIBRARY, places)))
		return found;
	own_directory(self);
	error_set(err, EXIT_INTERNAL,
	          "cannot find " LIBRARY " beside %s/ringtail nor in ../lib/ringtail: "
	          "name it with RINGTAIL_LIB=PATH",
	          self);
	return NULL;
}

char *launch_library(struct error *err)
{
	char *path = find_library(err);

	if (!path || !strpbrk(path, " :"))
		return path;
	error_set(err, EXIT_INTERNAL,
	          "%s: LD_PRELOAD cannot name a path with a space or colon: copy the library "
	          "elsewhere and set RINGTAIL_LIB=PATH",
	          path);
	free(path);
	return NULL;
}

/* ---- the child -------------------------------------------------------------------------------- */

static char *read_all(int fd)
{
	size_t used = 0, room = 4096;
	char *text = malloc(room);

	for (;;) {
		ssize_t got = text ? read(fd, text + used, room - used - 1) : 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (size_t)got;
		if (used + 1 < room)
			continue;
		char *more = realloc(text, room *= 2);
		if (!more)
			break;
		text = more;
	}
	if (text)
		text[used] = '\0';
	return text;
}

static void set_preload(const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char *both = NULL;

	if (before && *before && asprintf(&both, "%s:%s", library, before) > 0)
		setenv("LD_PRELOAD", both, 1);
	else
		setenv("LD_PRELOAD", library, 1);
}

static _Noreturn void be_child(char **command, const char *library, const sigset_t *signals, int go, int failed)
{
	char *ringtail = read_all(go);

	if (!ringtail || !*ringtail) /* the parent gave up or has ended */
		_exit(EXIT_INTERNAL);
	if (library) {
		set_preload(library);
		setenv("RINGTAIL", ringtail, 1);
	}
	own_process_hand_down();
	sigprocmask(SIG_SETMASK, signals, NULL);
	execvp(command[0], command);
	int error = errno;
	if (write(failed, &error, sizeof error) < 0)
		_exit(EXIT_INTERNAL);
	_exit(error == ENOENT ? 127 : 126);
}

bool launch_fork(struct launch *launch, char **command, const char *library, const sigset_t *signals, struct error *err)
{
	int go[2] = {-1, -1}, failed[2] = {-1, -1};

	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC) || (launch->pid = fork()) < 0) {
		error_set(err, EXIT_INTERNAL, "cannot start a process: %s", strerror(errno));
		for (int i = 0; i < 2; i++) {
			close(go[i]);
			close(failed[i]);
		}
		return false;
	}
	if (launch->pid == 0) {
		close(go[1]);
		close(failed[0]);
		be_child(command, library, signals, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	launch->go = go[1];
	launch->failed = failed[0];
	launch->exec_within_ms = EXEC_WITHIN_MS;
	return true;
}

int launch_go(struct launch *launch, const char *ringtail)
{
	struct pollfd failed = {.fd = launch->failed, .events = POLLIN};
	int error = 0;
	size_t length = strlen(ringtail);

	while (length) {
		ssize_t written = write(launch->go, ringtail, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		ringtail += written;
		length -= (size_t)written;
	}
	close(launch->go);
	if (poll(&failed, 1, launch->exec_within_ms) != 1 ||
	    read(launch->failed, &error, sizeof error) != (ssize_t)sizeof error)
		error = 0;
	close(launch->failed);
	return error;
}

/* ---- the directory of the run -------------------------------------------------------------------- */

static char *make_given(const char *given, struct error *err)
{
	if (mkdir(given, 0700) && errno != EEXIST) {
		error_set(err, EXIT_USAGE, "cannot make %s: %s", given, strerror(errno));
		return NULL;
	}
	char *path = realpath(given, NULL);
	if (!path || access(path, R_OK | W_OK | X_OK))
		error_set(err, EXIT_USAGE, "cannot record into %s: %s", given, strerror(errno));
	else if (run_directory_holds_run(path))
		error_set(err, EXIT_USAGE, "%s already holds a run: name another directory, or remove it", given);
	else {
		unrecorded_forget(path);
		return path;
	}
	free(path);
	return NULL;
}

static char *make_under(const char *directory, const char *name, pid_t pid)
{
	char path[PATH_MAX];
	int made = -1;

	snprintf(path, sizeof path, "%s/" RUN_PREFIX "%.200s.%d", directory, name, (int)pid);
	size_t length = strlen(path);
	made = mkdir(path, 0700);
	for (int again = 2; made && errno == EEXIST && again < SAME_NAME_MAX; again++) {
		snprintf(path + length, sizeof path - length, ".%d", again);
		made = mkdir(path, 0700);
	}
	return made ? NULL : realpath(path, NULL);
}

char *launch_make_run(const char *given, const char *command, pid_t pid, struct error *err)
{
	const char *slash = strrchr(command, '/'), *name = slash ? slash + 1 : command;
	const char *elsewhere = getenv("TMPDIR");

	if (given)
		return make_given(given, err);
	unrecorded_forget_all();
	char *path = make_under(".", name, pid);
	if (path)
		return path;
	int why = errno;
	if (elsewhere && *elsewhere)
		path = make_under(elsewhere, name, pid);
	if (!path)
		path = make_under("/tmp", name, pid);
	if (path)
		fprintf(stderr, "ringtail: cannot write to this directory (%s); recording into %s\n", strerror(why),
		        path);
	else
		error_set(err, EXIT_INTERNAL, "no directory to record into: %s; name one with -o RUN", strerror(why));
	return path;
}
