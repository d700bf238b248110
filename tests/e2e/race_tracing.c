/*
 * The tracer of data races, as programs start it: nothing changes for them, in both modes.  What it catches is the
 * business of other tests.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness/rt.h"
#include "tests/harness/server.h"
#include "tools/races/races_file.h"

#if defined(__x86_64__)

TEST_SUITE(race_tracing);

#define ENDS_WITHIN 30.0 /* seconds; the tracer ends when its process does */

static const char *option_of(enum mode mode) { return mode == MODE_RUN ? "--races" : "races=yes"; }

/* ---- what the tracers of a run have left ------------------------------------------------------- */

static bool is_races_file(const char *name)
{
	size_t length = strlen(name), suffix = strlen(RACES_SUFFIX);

	return length > suffix && !strcmp(name + length - suffix, RACES_SUFFIX);
}

/* The tracer of a process writes its last word a moment after that has ended. */
static void await_end(const struct races_file *file)
{
	double until = now() + ENDS_WITHIN;
	const uint32_t *state = &file->state;

	while (now() < until && __atomic_load_n(state, __ATOMIC_ACQUIRE) < RACES_REFUSED)
		sleep_ms(2);
}

static struct races_file read_file(const char *run, const char *name)
{
	char path[2 * RT_PATH];
	struct races_file copy;

	snprintf(path, sizeof path, "%s/%s", run, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s", path);
	struct races_file *file = mmap(NULL, sizeof *file, PROT_READ, MAP_SHARED, fd, 0);
	cr_assert_neq(file, MAP_FAILED);
	await_end(file);
	copy = *file;
	munmap(file, sizeof *file);
	close(fd);
	return copy;
}

struct left { /* of all processes of a run */
	unsigned files;
	uint64_t hits;
	uint32_t caught;
	char why[RACES_WHY]; /* of one that has a reason */
};

static struct left read_left(const struct rt *rt)
{
	struct dirent *entry;
	struct left left = {0};
	DIR *run = opendir(rt->run);

	cr_assert(run, "%s", rt->run);
	while ((entry = readdir(run))) {
		if (!is_races_file(entry->d_name))
			continue;
		struct races_file file = read_file(rt->run, entry->d_name);
		cr_expect(file.state == RACES_ENDED || file.state == RACES_REFUSED, "%s is in state %u", entry->d_name,
		          file.state);
		left.files++;
		left.hits += file.figures.hits;
		left.caught += file.count;
		if (*file.why)
			memcpy(left.why, file.why, sizeof left.why);
	}
	closedir(run);
	return left;
}

/* ---- nothing changes ------------------------------------------------------------------------------ */

/* Runs the program with and without the search, and returns what its tracers have left. */
static struct left run_same(enum mode mode, const char *line)
{
	struct rt bare = rt_new(), traced = rt_new();

	rt_program(&bare, MODE_BARE, line);
	rt_program_with(&traced, mode, option_of(mode), line);
	cr_expect_eq(traced.program.status, bare.program.status, "%s: status %d, without ringtail %d: %s", line,
	             traced.program.status, bare.program.status, traced.program.err);
	expect_same_text("stdout", traced.program.out, bare.program.out);
	struct left left = read_left(&traced);
	rt_end(&bare);
	rt_end(&traced);
	return left;
}

static void expect_traced(enum mode mode, const char *line, bool looked)
{
	struct left left = run_same(mode, line);

	cr_expect_gt(left.files, 0, "%s was not traced", line);
	cr_expect(left.hits || !looked, "%s was not looked at", line);
	cr_expect_str_empty(left.why, "%s: %s", line, left.why);
}

static void expect_left(enum mode mode, const char *line, const char *why)
{
	struct left left = run_same(mode, line);

	cr_expect(strstr(left.why, why), "%s: \"%s\"", line, left.why);
}

#define TRACED(name, line)                                                                                             \
	Test(race_tracing, name##_run) { expect_traced(MODE_RUN, line, true); }                                        \
	Test(race_tracing, name##_preload) { expect_traced(MODE_PRELOAD, line, true); }
#define SHORT(name, line)                                                                                              \
	Test(race_tracing, name##_run) { expect_traced(MODE_RUN, line, false); }                                       \
	Test(race_tracing, name##_preload) { expect_traced(MODE_PRELOAD, line, false); }
#define LEFT(name, line, why)                                                                                          \
	Test(race_tracing, name##_run) { expect_left(MODE_RUN, line, why); }                                           \
	Test(race_tracing, name##_preload) { expect_left(MODE_PRELOAD, line, why); }
#include "tests/e2e/tables/race_tracing.def"

/* ---- it works -------------------------------------------------------------------------------------- */

#define TRIES 20

/* What is caught depends on luck. */
static void expect_caught(enum mode mode, const char *line)
{
	bool caught = false;

	for (int i = 0; i < TRIES && !caught; i++) {
		struct rt rt = rt_new();
		rt_program_with(&rt, mode, option_of(mode), line);
		cr_expect_eq(rt.program.status, 0);
		caught = read_left(&rt).caught > 0;
		rt_end(&rt);
	}
	cr_expect(caught, "%s: not caught in %d tries", line, TRIES);
}

Test(race_tracing, a_race_is_caught_run, .timeout = 120) { expect_caught(MODE_RUN, "data_races counter"); }
Test(race_tracing, a_race_is_caught_preload, .timeout = 120) { expect_caught(MODE_PRELOAD, "data_races counter"); }

/* ---- beside the leak scan ----------------------------------------------------------------------------- */

static char *findings_of(enum mode mode, const char *options, const char *program)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, mode, options, program);
	const json_t *process = rt_process(&rt, program);
	cr_expect(json_is_true(json_at(process, "leak_scan.done")), "%s was not scanned", program);
	char *findings = findings_summary(process, true);
	rt_end(&rt);
	return findings;
}

static void expect_same_leaks(enum mode mode)
{
	static const char program[] = "leaking_threads";
	char *alone = findings_of(mode, mode == MODE_RUN ? "--races=no" : "races=no", program),
	     *beside = findings_of(mode, option_of(mode), program);

	cr_expect(strstr(alone, "leak:"), "%s has leaks: %s", program, alone);
	cr_expect_str_eq(beside, alone);
	free(alone);
	free(beside);
}

Test(race_tracing, the_leak_scan_at_the_end_works_run) { expect_same_leaks(MODE_RUN); }
Test(race_tracing, the_leak_scan_at_the_end_works_preload) { expect_same_leaks(MODE_PRELOAD); }

/* The process goes on untraced after it. */
static void expect_look(enum mode mode)
{
	struct server server = serve(mode, option_of(mode));

	server_do(&server, "tl");
	struct outcome look = rt_tool(&server.rt, "leaks --now RUN");
	cr_expect_eq(look.status, 0, "%s", look.err);
	cr_expect(strstr(look.out, "lose"), "%s%s", look.out, look.err);
	outcome_free(&look);
	server_do(&server, "tl");
	struct left left = read_left(&server.rt);
	cr_expect(strstr(left.why, "a leak scan of the running process"), "\"%s\"", left.why);
	server_end(&server);
}

Test(race_tracing, a_leak_scan_now_ends_it_run) { expect_look(MODE_RUN); }
Test(race_tracing, a_leak_scan_now_ends_it_preload) { expect_look(MODE_PRELOAD); }

/* ---- another tracer ------------------------------------------------------------------------------------ */

static void expect_left_alone_under(enum mode mode, const char *tracer)
{
	char line[RT_PATH + 64];

	snprintf(line, sizeof line, "%s %s exits", tracer, rt_built("programs/traced_shapes"));
	expect_left(mode, line, "a debugger or tracer");
}

Test(race_tracing, under_strace_run) { expect_left_alone_under(MODE_RUN, "strace -f -o trace"); }
Test(race_tracing, under_strace_preload) { expect_left_alone_under(MODE_PRELOAD, "strace -f -o trace"); }

/* ---- the tracer dies --------------------------------------------------------------------------------------- */

/* The tracer of the process; 0: it has none. */
static pid_t tracer_of(pid_t pid)
{
	char path[64], line[128];
	int tracer = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *status = fopen(path, "re");
	while (status && fgets(line, sizeof line, status) && sscanf(line, "TracerPid: %d", &tracer) != 1)
		;
	if (status)
		fclose(status);
	return tracer;
}

/* RINGTAIL_KILLS: how many times each; a few by default. */
static void expect_survival(const char *line)
{
	const char *given = getenv("RINGTAIL_KILLS");
	struct rt bare = rt_new();

	rt_program(&bare, MODE_BARE, line);
	for (int i = given ? atoi(given) : 4; i > 0; i--) {
		struct rt rt = rt_new();
		double until = now() + ENDS_WITHIN;
		long after = lrand48() % 20000;
		pid_t tracer;
		struct child child = rt_start_with(&rt, MODE_PRELOAD, "races=yes:scan=no", line);
		while (!(tracer = tracer_of(child.pid)) && now() < until && !kill(child.pid, 0))
			usleep(100);
		usleep((useconds_t)after);
		if (tracer)
			kill(tracer, SIGKILL);
		rt.program = spawn_wait(&child);
		cr_expect_eq(rt.program.status, bare.program.status, "%s: status %d, killed after %ld us", line,
		             rt.program.status, after);
		expect_same_text("stdout", rt.program.out, bare.program.out);
		rt_end(&rt);
	}
	rt_end(&bare);
}

#define SURVIVES(name, line)                                                                                           \
	Test(race_tracing, its_death_does_not_harm_##name, .timeout = 600) { expect_survival(line); }
SURVIVES(threads, "data_races parts 50000")
SURVIVES(users_of_locks, "data_races counter_locked 3000")
SURVIVES(threads_that_block_signals, "traced_shapes blocks")
SURVIVES(handlers, "traced_shapes signals")
SURVIVES(children, "traced_shapes forks")
SURVIVES(programs_it_starts, "traced_shapes spawns")
SURVIVES(its_successor, "traced_shapes execs")

#endif
