/*
 * The states of the threads of this process, and waiting for them.  No call of ringtail's is among these, and nothing
 * is allocated.  Serves C and C++.
 */
#ifndef TESTS_PROGRAMS_THREAD_STATE_H
#define TESTS_PROGRAMS_THREAD_STATE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* The state letter of proc(5) in a file of the kind /proc/PID/stat.  0: there is no such file. */
static inline char state_in(const char *path)
{
	char text[512];
	int file = open(path, O_RDONLY);
	if (file < 0)
		return 0;
	ssize_t got = read(file, text, sizeof text - 1);
	close(file);
	text[got > 0 ? got : 0] = '\0';
	const char *name_end = strrchr(text, ')');
	return name_end ? name_end[2] : '\0';
}

/* 'S' for a thread of this process that sleeps.  0: there is no such thread. */
static inline char thread_state(pid_t tid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
	return state_in(path);
}

/* The same for the first thread of any process. */
static inline char process_state(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	return state_in(path);
}

struct other_threads {
	unsigned count, asleep;
};

/* Counts the threads of this process besides the caller. */
static inline struct other_threads other_threads(void)
{
	struct other_threads others = {0, 0};
	pid_t caller = (pid_t)syscall(SYS_gettid);
	int tasks = open("/proc/self/task", O_RDONLY | O_DIRECTORY);
	enum { LENGTH_AT = 16, NAME_AT = 19 }; /* in each entry: getdents64(2) */
	char entries[4096];
	long bytes;

	while ((bytes = syscall(SYS_getdents64, tasks, entries, sizeof entries)) > 0) {
		unsigned short length;

		for (long at = 0; at < bytes; at += length) {
			pid_t tid = atoi(entries + at + NAME_AT);

			memcpy(&length, entries + at + LENGTH_AT, sizeof length);
			if (!tid || tid == caller)
				continue;
			others.count++;
			others.asleep += thread_state(tid) == 'S';
		}
	}
	close(tasks);
	return others;
}

/* Returns when the process has `count` threads besides the caller, and each of them has been seen asleep twice in a
 * row: a thread may also sleep for a moment before it waits. */
static inline void await_others(unsigned count)
{
	for (int seen = 0; seen < 2; usleep(10000)) {
		struct other_threads others = other_threads();

		seen = others.count == count && others.asleep == count ? seen + 1 : 0;
	}
}

static inline void await_end_of_others(void) { await_others(0); }

/* Returns when the first thread of the process has been seen asleep twice in a row. */
static inline void await_process(pid_t pid)
{
	for (int seen = 0; seen < 2; usleep(10000))
		seen = process_state(pid) == 'S' ? seen + 1 : 0;
}

#endif
