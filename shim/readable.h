/*
 * Whether memory that the program hands to a call can be read at all.  The kernel refuses such an argument with EFAULT;
 * a hook that reads it for its own purposes must not turn that into a fault.
 *
 * The kernel is asked once for each page (sys_readable), so this is for rare calls: exec and spawn.  Another thread
 * that unmaps the memory meanwhile changes the answer.  Nothing is asked in a program that has given up system calls:
 * the answer is then false.
 */
#ifndef RINGTAIL_READABLE_H
#define RINGTAIL_READABLE_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* The string can be read to its end, which comes within what exec accepts of one string. */
bool readable_string(const char *string);

/* The same for a list that a NULL ends, and each of its strings; *count: how many there are.  No list is an empty one,
 * as it is for exec.  False for a list of more than `most` strings. */
bool readable_strings(char *const *strings, size_t most, size_t *count);

#pragma GCC visibility pop

#endif
