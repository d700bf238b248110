/* The work of the tracer's process. */
#ifndef RINGTAIL_RACES_TRACER_SESSION_H
#define RINGTAIL_RACES_TRACER_SESSION_H

#include "tools/races/tracer.h"

struct session;

/* Begins to trace a process that has one thread.  All signals of this process are blocked.  shared: all zero; it is
 * filled as things happen.  NULL: the process is not traced, and shared->why says why. */
struct session *session_begin(pid_t pid, const struct tracer_options *options, struct races_file *shared);
/* Traces the process until it ends or executes another program, or until this process is asked to end by SIGTERM or
 * options->end.  The kernel lets the threads go when this process ends. */
void session_run(struct session *session);

#endif
