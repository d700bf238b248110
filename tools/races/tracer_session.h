/* The work of the tracer's process. */
#ifndef RINGTAIL_RACES_TRACER_SESSION_H
#define RINGTAIL_RACES_TRACER_SESSION_H

#include "tools/races/tracer.h"

/* Traces the process until it ends, or until this process gets SIGTERM, which is blocked as all signals are.  The
 * caller then ends.  shared: all zero; it is filled as things happen. */
void session_run(pid_t pid, const struct tracer_options *options, struct races_file *shared);

#endif
