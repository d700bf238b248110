/*
 * Children of this process that are waited for, each for a limited time.
 *
 * A child may be stopped, or wait in the kernel for a file system that does not answer.  A wait without a bound would
 * keep ringtail, and the code that started it, for ever.
 */
#ifndef RINGTAIL_BASE_CHILD_H
#define RINGTAIL_BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Waits until the child has ended, for within_ns nanoseconds at most, and reaps it.  False: it has not ended. */
bool child_wait(pid_t child, uint64_t within_ns);
/* As child_wait, but kills a child that has not ended.  A child that SIGKILL does not end within a second waits in the
 * kernel, and is left.  Returns true if the child ended by itself. */
bool child_end_within(pid_t child, uint64_t within_ns);

/* Reads from fd until its end or until within_ns have passed.  Returns the text, malloced and terminated by a zero.
 * NULL: no end was reached in that time, or there was an error. */
char *child_read_all(int fd, uint64_t within_ns);

#endif
