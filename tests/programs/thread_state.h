/* The states of the threads of this process.  Reading one does not allocate.  Serves C and C++. */
#ifndef TESTS_PROGRAMS_THREAD_STATE_H
#define TESTS_PROGRAMS_THREAD_STATE_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The state letter that proc(5) documents: 'S' for a thread that sleeps.  0: there is no such thread. */
static inline char thread_state(pid_t tid)
{
	char path[64], text[512];

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
	int file = open(path, O_RDONLY);
	if (file < 0)
		return 0;
	ssize_t got = read(file, text, sizeof text - 1);
	close(file);
	text[got > 0 ? got : 0] = '\0';
	const char *name_end = strrchr(text, ')');
	return name_end ? name_end[2] : '\0';
}

#endif
