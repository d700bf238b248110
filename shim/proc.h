/*
 * What the kernel says of this process in /proc, by system calls alone.  Each answers "unknown" (0, false) where /proc
 * is missing.
 */
#ifndef RINGTAIL_SHIM_PROC_H
#define RINGTAIL_SHIM_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Reads the beginning of a file, and terminates it.  Returns the number of bytes; 0: it cannot be read. */
size_t proc_read(const char *path, char *to, size_t room);

/* In clock ticks since the machine started.  With the process id it tells a process from any other of this boot. */
uint64_t proc_start_time(void);

/* The PID namespace that a link such as /proc/thread-self/ns/pid leads to.  0: none, or there is no /proc.
 *
 * A reader in another namespace knows this process by another number.  It finds it in its own /proc by the namespace
 * and the number in there.  Use links of thread-self: the first thread, which "self" is, may have ended. */
uint32_t proc_pid_namespace(const char *link);

/* True if the process has a seccomp filter now. */
bool proc_has_seccomp_filter(void);

/* The path of the executable; without /proc the name that it was started by. */
void proc_executable(char *to, size_t room);

#pragma GCC visibility pop

#endif
