/* Threads that cannot be stopped, and tools that are killed during a scan: no process stays stopped, and each comes to
 * its end. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(held_up);

static void make_file(const struct rt *rt, const char *name)
{
	char path[RT_PATH + 16];

	snprintf(path, sizeof path, "%s/%s", rt->work, name);
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

/* Its child, which has its memory, must not outlive the test. */
static void expect_end_in_vfork(enum mode mode)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, "exit_in_vfork stop");
	make_file(&rt, "stop");
	cr_expect_not(rt.program.timed_out);
	cr_expect_eq(rt.program.status, 3, "status %d: %s", rt.program.status, rt.program.err);
	rt_end(&rt);
}

Test(held_up, end_in_vfork_bare) { expect_end_in_vfork(MODE_BARE); }
Test(held_up, end_in_vfork_run) { expect_end_in_vfork(MODE_RUN); }
Test(held_up, end_in_vfork_preload) { expect_end_in_vfork(MODE_PRELOAD); }

/* ---- threads of a process -------------------------------------------------------------------- */

static bool is_let_go(pid_t pid, const char *tid)
{
	char path[512], line[128];
	bool good = true;

	snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)pid, tid);
	FILE *status = fopen(path, "re");
	while (status && fgets(line, sizeof line, status)) {
		if (!strncmp(line, "State:\tt", 8))
			good = false;
		if (!strncmp(line, "TracerPid:", 10))
			good = good && atoi(line + 10) == 0;
	}
	if (status)
		fclose(status);
	return good;
}

static bool all_are_let_go(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	bool good = true;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	while (tasks && (entry = readdir(tasks)))
		good = good && (*entry->d_name == '.' || is_let_go(pid, entry->d_name));
	if (tasks)
		closedir(tasks);
	return good;
}

static void await_let_go(pid_t pid)
{
	for (double until = now() + 20; !all_are_let_go(pid) && now() < until;)
		sleep_ms(1);
	cr_expect(all_are_let_go(pid), "a thread of %d is still held", (int)pid);
}

static void expect_look_in_vfork(enum mode mode)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, mode, "exit_in_vfork stop stay");
	char *line = spawn_wait_for_line(&child, "in vfork ", 30);

	cr_assert(line, "it did not start");
	pid_t pid = atoi(line + strlen("in vfork "));
	free(line);
	struct outcome outcome = rt_tool(&rt, "leaks --now RUN");
	cr_expect_eq(outcome.status, 69, "status %d: %s", outcome.status, outcome.err);
	cr_expect(strstr(outcome.err, "could not be stopped"), "%s", outcome.err);
	outcome_free(&outcome);
	await_let_go(pid);
	make_file(&rt, "stop");
	rt.program = spawn_wait(&child);
	cr_expect_eq(rt.program.status, 3, "status %d: %s", rt.program.status, rt.program.err);
	rt_end(&rt);
}

Test(held_up, look_in_vfork_run) { expect_look_in_vfork(MODE_RUN); }
Test(held_up, look_in_vfork_preload) { expect_look_in_vfork(MODE_PRELOAD); }

/* ---- killed while it looks ----------------------------------------------------------------------- */

#define KILLS 12

static unsigned some_us(unsigned seed) { return (seed * 2654435761u >> 8) % 30000; }

static pid_t program_of(struct child *child)
{
	char *line = spawn_wait_for_line(child, "grows ", 30);

	cr_assert(line, "it did not start");
	pid_t pid = atoi(line + strlen("grows "));
	free(line);
	return pid;
}

static int open_letters(const struct rt *rt)
{
	char path[RT_PATH + 16];

	snprintf(path, sizeof path, "%s/letters", rt->work);
	cr_assert_eq(mkfifo(path, 0600), 0);
	return open(path, O_RDWR | O_CLOEXEC);
}

static void expect_free_after_kill(enum mode mode, unsigned seed)
{
	struct rt rt = rt_new();
	int letters = open_letters(&rt);
	struct child child = rt_start(&rt, mode, "grows letters"), looker;
	pid_t pid = program_of(&child);
	const char *argv[] = {rt_built("ringtail"), "leaks", "--now", rt.run, NULL};

	looker = spawn_start((struct command){.argv = argv, .directory = rt.work});
	usleep(some_us(seed));
	kill(mode == MODE_RUN ? child.pid : looker.pid, SIGKILL);
	struct outcome outcome = spawn_wait(&looker);
	outcome_free(&outcome);
	await_let_go(pid);
	cr_assert_eq(write(letters, "llq", 3), 3);
	for (double until = now() + 20; kill(pid, 0) == 0 && now() < until && mode == MODE_RUN;)
		sleep_ms(1);
	outcome = spawn_wait(&child);
	cr_expect_eq(outcome.status, mode == MODE_RUN ? 128 + SIGKILL : 0, "status %d: %s", outcome.status,
	             outcome.err);
	outcome_free(&outcome);
	close(letters);
	rt_end(&rt);
}

Test(held_up, reader_killed_while_it_looks, .timeout = 300)
{
	for (unsigned i = 0; i < KILLS; i++)
		expect_free_after_kill(MODE_RUN, i + 1);
}

Test(held_up, tool_killed_while_it_looks, .timeout = 300)
{
	for (unsigned i = 0; i < KILLS; i++)
		expect_free_after_kill(MODE_PRELOAD, i + 101);
}
