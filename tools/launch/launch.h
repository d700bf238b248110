/* Starting the command under the shim: the library, the run directory, the environment, fork and exec. */
#ifndef RINGTAIL_LAUNCH_H
#define RINGTAIL_LAUNCH_H

#include <signal.h>
#include <sys/types.h>

#include "tools/base/error.h"
#include "tools/options/options.h"

/* Absolute path of libringtail.so: RINGTAIL_LIB, beside this program, ../lib/ringtail/, ../lib/.  Malloced;
 * NULL with err filled. */
char *launch_library(struct error *err);

struct launch { /* a child that waits to be told where to record */
	pid_t pid;
	int go;     /* write end: the value of RINGTAIL */
	int failed; /* read end: errno of exec, or closed by it */
};

/* library NULL: the child is not to be watched.  signals: what it is to have blocked, as it was before us. */
bool launch_fork(struct launch *launch, char **command, const char *library, const sigset_t *signals,
                 struct error *err);
/* Lets it exec with RINGTAIL set to `ringtail`.  Returns 0, or the errno of exec: the child has then ended
 * with 127 or 126. */
int launch_go(struct launch *launch, const char *ringtail);

/* The run's directory, made with mode 0700; absolute, malloced; NULL with err filled.  given: -o RUN, or NULL
 * for ringtail.EXE.PID here or, where that cannot be, under $TMPDIR or /tmp (said on stderr). */
char *launch_make_run(const char *given, const char *command, pid_t pid, struct error *err);

#endif
