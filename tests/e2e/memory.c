/* What a scan of a process's memory sees, and that the scan leaves the memory as it is. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/memcheck.h"

TEST_SUITE(memory);

/* ---- what is seen ---------------------------------------------------------------------------- */

static bool tells(const json_t *process, const char *kind, const char *class)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i,
	                   finding) if (!strcmp(json_text(finding, "kind"), kind) &&
	                                !strcmp(json_text(finding, "class"), class)) return true;
	return false;
}

static void expect_seen(enum mode mode, const char *where, const char *expected, bool unread)
{
	struct rt rt = rt_new();
	char line[64];

	snprintf(line, sizeof line, "hidden_pointers %s", where);
	rt_program(&rt, mode, line);
	if (rt.program.status == 77)
		cr_skip_test("no secret memory here");
	cr_expect_eq(rt.program.status, 0, "%s: status %d: %s", where, rt.program.status, rt.program.err);
	json_t *process = rt_process(&rt, "hidden_pointers");
	struct leak_sums sums = leaks_of_process(process);
	char *text = leak_sums_text(&sums);
	cr_expect_str_eq(text, expected, "%s: %s; not %s", where, text, expected);
	cr_expect_eq(tells(process, "loss", "scan"), unread, "%s", where);
	free(text);
	rt_end(&rt);
}

#define SEEN(where, expected, unread)                                                                                  \
	Test(memory, where##_run) { expect_seen(MODE_RUN, #where, expected, unread); }                                 \
	Test(memory, where##_preload) { expect_seen(MODE_PRELOAD, #where, expected, unread); }
SEEN(no_access, "reachable=10/5550", false)
SEEN(shared, "reachable=10/5550", false)
SEEN(read_only, "reachable=10/5550", false)
SEEN(guarded, "reachable=10/5550", false)
SEEN(block_without_access, "reachable=11/71086", false)
SEEN(secret, "possible=10/5550", true) /* the pointers are in the part that could not be read */

/* ---- what is left ------------------------------------------------------------------------------ */

#define CHILDREN 4

/* The sum in KiB over all pids of the value behind NAME in /proc/PID/FILE. */
static long sum_of(const int *pids, const char *file, const char *name)
{
	char path[64], line[256];
	long sum = 0;

	for (int i = 0; i < CHILDREN; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", pids[i], file);
		FILE *numbers = fopen(path, "re");
		cr_assert(numbers, "%s", path);
		while (fgets(line, sizeof line, numbers))
			if (!strncmp(line, name, strlen(name)))
				sum += strtol(line + strlen(name), NULL, 10);
		fclose(numbers);
	}
	return sum;
}

struct sums {
	long anonymous, shared, tables;
};

static struct sums sums_of(const int *pids)
{
	return (struct sums){
	    .anonymous = sum_of(pids, "smaps_rollup", "Pss_Anon:"),
	    .shared = sum_of(pids, "smaps_rollup", "Pss_Shmem:"),
	    .tables = sum_of(pids, "status", "VmPTE:"),
	};
}

static void take_pids(struct child *child, int *pids)
{
	char text[32];

	for (int i = 0; i < CHILDREN; i++) {
		snprintf(text, sizeof text, "child %d ", i);
		char *line = spawn_wait_for_line(child, text, 30);
		cr_assert(line, "child %d did not start", i);
		pids[i] = atoi(line + strlen(text));
		free(line);
	}
}

static void expect_left_as_it_was(enum mode mode)
{
	struct rt rt = rt_new();
	char line[64], path[RT_PATH + 16];
	int pids[CHILDREN];

	snprintf(line, sizeof line, "shared_memory %d stop", CHILDREN);
	struct child child = rt_start(&rt, mode, line);
	take_pids(&child, pids);
	struct sums before = sums_of(pids);
	for (int i = 0; i < 2; i++) {
		struct outcome outcome = rt_tool(&rt, "leaks --now RUN");
		cr_expect_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
		outcome_free(&outcome);
	}
	struct sums after = sums_of(pids);
	cr_expect_eq(after.anonymous, before.anonymous, "%ld KiB of their own, before %ld", after.anonymous,
	             before.anonymous);
	cr_expect_eq(after.shared, before.shared, "%ld KiB of shared memory, before %ld", after.shared, before.shared);
	cr_expect_eq(after.tables, before.tables, "%ld KiB of page tables, before %ld", after.tables, before.tables);
	snprintf(path, sizeof path, "%s/stop", rt.work);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	rt.program = spawn_wait(&child);
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	rt_end(&rt);
}

Test(memory, a_look_leaves_it_as_it_was_run) { expect_left_as_it_was(MODE_RUN); }
Test(memory, a_look_leaves_it_as_it_was_preload) { expect_left_as_it_was(MODE_PRELOAD); }
