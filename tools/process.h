/* What /proc tells about processes and threads of others. */
#ifndef RINGTAIL_TOOLS_PROCESS_H
#define RINGTAIL_TOOLS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_stat {
	char state; /* 'R', 'S', 'T', 'Z', ... */
	unsigned threads;
	uint64_t start; /* field 22: tells a reused pid */
	bool environment; /* its memory has one, if only an empty one; also false where we may not know */
};

/* Of a process, or with tid of one of its threads.  False: there is no such. */
bool process_stat(pid_t pid, pid_t tid, struct process_stat *stat);
/* 0: not known. */
pid_t process_parent(pid_t pid);
/* Who traces the thread (a debugger, strace); 0: nobody, or it cannot be known. */
pid_t process_tracer(pid_t tid);
struct process_task { /* a thread */
	pid_t tid;
	char state;        /* 'R', 'S', ... */
	uint64_t switches; /* times that it was taken from or left its processor: it has not run while that stays */
};

/* Its threads; free() them.  NULL, and *count 0, where it cannot be looked at. */
struct process_task *process_tasks(pid_t pid, size_t *count);
/* Whether it has a handler for a signal that is not libc's own; true where we may not know. */
bool process_handles_signals(pid_t pid);
/* Whether the process that had started at `start` still runs (a zombie does not). */
bool process_alive(pid_t pid, uint64_t start);
/* Whether the process has a file of this name (without its directory) mapped; true also where we may not
 * know. By name, as device and inode numbers in maps are not those of stat on overlayfs and btrfs. */
bool process_maps(pid_t pid, const char *name);

#endif
