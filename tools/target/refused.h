/* Why the kernel refuses ptrace of a thread to this process. */
#ifndef RINGTAIL_TARGET_REFUSED_H
#define RINGTAIL_TARGET_REFUSED_H

#include <stddef.h>
#include <sys/types.h>

/* Writes the reason that holds, and what to do.  error: ptrace's errno. */
void refused_say(pid_t tid, int error, char *why, size_t size);

#endif
