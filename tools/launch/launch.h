/* Starts the command with the shim: finds the library, makes the run directory, sets the environment, forks and
 * execs. */
#ifndef RINGTAIL_LAUNCH_H
#define RINGTAIL_LAUNCH_H

#include <signal.h>
#include <sys/types.h>

#include "tools/base/error.h"
#include "tools/options/options.h"

/* Absolute path of libringtail.so: from RINGTAIL_LIB, beside this program, in ../lib/ringtail/ or in ../lib/.
 * Malloced; on failure NULL, with err filled. */
char *launch_library(struct error *err);

struct launch { /* a child that waits until it is told where to record */
	pid_t pid;
	int go;             /* write end of a pipe: the value of RINGTAIL */
	int failed;         /* read end of a pipe: the errno of a failed exec; a successful exec closes it */
	int exec_within_ms; /* launch_go waits this long for the exec, which may wait for a file system */
};

/* library NULL: the child is not to be watched.  signals: the signal mask of the child, which is the mask that
 * `ringtail run` was started with. */
bool launch_fork(struct launch *launch, char **command, const char *library, const sigset_t *signals,
                 struct error *err);
/* Lets the child exec, with RINGTAIL set to `ringtail`.  Returns the errno of exec: then the child has ended with 127
 * or 126.  0: the child is the command now, or its exec still waits; if that fails later, only the exit status shows
 * it. */
int launch_go(struct launch *launch, const char *ringtail);

/* Makes the run's directory with mode 0700.  given: -o RUN.  NULL: ringtail.COMMAND.PID in the current directory; if
 * that cannot be made, under $TMPDIR or /tmp, and a line on stderr says so.  Returns its absolute path, malloced; on
 * failure NULL, with err filled. */
char *launch_make_run(const char *given, const char *command, pid_t pid, struct error *err);

#endif
