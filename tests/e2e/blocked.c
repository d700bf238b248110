#include "tests/e2e/blocked.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/harness/spawn.h"

#define BLOCKS_WITHIN 60.0
#define ROOM          8192

/* The lines of a file of a thread, behind `text`. */
static void add_file(char *text, pid_t pid, const char *tid, const char *name)
{
	char path[256];
	size_t used = strlen(text);

	snprintf(path, sizeof path, "/proc/%d/task/%s/%s", (int)pid, tid, name);
	FILE *file = fopen(path, "r");
	if (file) {
		size_t got = fread(text + used, 1, ROOM - 1 - used, file);
		text[used + got] = '\0';
		fclose(file);
	}
}

/* The numbers of context switches of each thread; false: a thread is not in a futex call. */
static bool look(pid_t pid, char switches[ROOM])
{
	char path[64], call[ROOM], status[ROOM];
	struct dirent *entry;
	bool blocked = true;

	switches[0] = '\0';
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	cr_assert(tasks, "process %d is gone", (int)pid);
	while ((entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		call[0] = status[0] = '\0';
		add_file(call, pid, entry->d_name, "syscall");
		add_file(status, pid, entry->d_name, "status");
		const char *counts = strstr(status, "\nvoluntary_ctxt_switches:");
		blocked &= strtol(call, NULL, 10) == SYS_futex && counts;
		strncat(switches, counts ? counts : "", ROOM - 1 - strlen(switches));
	}
	closedir(tasks);
	return blocked;
}

/* Threads without a context switch between two reads were all blocked at the same time in between. */
void wait_until_blocked(pid_t pid)
{
	char before[ROOM], after[ROOM];
	double until = now() + BLOCKS_WITHIN;

	for (;;) {
		if (look(pid, before) && look(pid, after) && !strcmp(before, after))
			return;
		cr_assert_lt(now(), until, "process %d does not block", (int)pid);
		sleep_ms(10);
	}
}
