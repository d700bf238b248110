/*
 * Arguments and environment of the process: those that it was started with, and the variable RINGTAIL that tells the
 * programs which it starts to record into the same run.
 */
#ifndef RINGTAIL_ENVIRONMENT_H
#define RINGTAIL_ENVIRONMENT_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* argv as the kernel left it on the stack; *count: argc.  Good before libc has set `environ`, and before the program
 * changes its argv. */
char **environment_initial_arguments(long *count);

/* The value that an environment variable had at the start; NULL: not set. */
const char *environment_initial(const char *name);

/* Makes environment_for_children name the directory: what RINGTAIL was at the start, and run=RUN.  By the thread that
 * begins the ring. */
void environment_name_run(const char *run);

/* "RINGTAIL=..." for programs that this one starts, naming its run directory; NULL: no ring was begun.  A forked child
 * that has not begun a ring of its own has its parent's. */
const char *environment_for_children(void);

/* True if an environment variable ("NAME=VALUE") is RINGTAIL and already names a run directory. */
bool environment_names_run(const char *variable);

/* Puts environment_for_children into `environ`, from where libc's own system() and popen() take it.  Not by setenv,
 * which would allocate in the program's heap.  Once, from the constructor. */
void environment_extend(void);

#pragma GCC visibility pop

#endif
