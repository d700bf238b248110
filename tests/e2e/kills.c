/*
 * Killed at any moment: the program, in both modes, and the reader.  The program's events tell their own numbers
 * (tests/programs/counted.c), and a file how far it has come, so that what was read back can be held against what
 * happened: no event that had happened is missing, and none is there that had not.
 *
 * A few moments in each test; RINGTAIL_KILLS=N says how many (`make kills`: 200).
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness/rt.h"
#include "tests/programs/counted.h"

TEST_SUITE(kills);

#define KILLS        3
#define MOST_MS      40 /* into the work; a kill comes after some thousands to some hundred thousands of events */
#define START_WITHIN 30.0
#define FIRST_THREAD 2u /* ringtail's id */

static unsigned kills(void)
{
	const char *wanted = getenv("RINGTAIL_KILLS");

	return wanted ? (unsigned)strtoul(wanted, NULL, 10) : KILLS;
}

/* ---- the program ------------------------------------------------------------------------------- */

static struct counted *try_map(const struct rt *rt)
{
	char path[RT_PATH + sizeof COUNTED_FILE + 1];
	struct counted *counted = MAP_FAILED;

	snprintf(path, sizeof path, "%s/%s", rt->work, COUNTED_FILE);
	int file = open(path, O_RDWR);
	if (file >= 0 && lseek(file, 0, SEEK_END) == (off_t)sizeof *counted)
		counted = mmap(NULL, sizeof *counted, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (file >= 0)
		close(file);
	return counted == MAP_FAILED ? NULL : counted;
}

static bool at_work(const struct counted *counted)
{
	bool all = __atomic_load_n(&counted->pid, __ATOMIC_ACQUIRE) != 0;

	for (unsigned i = 0; i < COUNTED_THREADS; i++)
		all = all && __atomic_load_n(&counted->threads[i].done, __ATOMIC_ACQUIRE) > 0;
	return all;
}

/* The file of counts, once all threads of the program are at work. */
static struct counted *wait_for_work(const struct rt *rt)
{
	struct counted *counted = NULL;
	double until = now() + START_WITHIN;

	while (now() < until) {
		if (!counted)
			counted = try_map(rt);
		if (counted && at_work(counted))
			return counted;
		sleep_ms(1);
	}
	cr_assert(false, "the program did not come to its work");
	return NULL;
}

/* Waits for a time that is no whole number of milliseconds. */
static void wait_a_while(unsigned seed)
{
	unsigned us = (seed * 2654435761u >> 8) % (MOST_MS * 1000);

	usleep(us);
}

static void end(struct rt *rt, struct counted *counted)
{
	munmap(counted, sizeof *counted);
	rt_end(rt);
}

/* True for a process that has ended, also if its parent has not reaped it yet. */
static bool is_gone(pid_t pid)
{
	char path[64], text[512] = "", *state;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	int file = open(path, O_RDONLY);
	ssize_t got = file < 0 ? 0 : read(file, text, sizeof text - 1);
	if (file >= 0)
		close(file);
	state = got > 0 ? strrchr(text, ')') : NULL;
	return !state || state[2] == 'Z';
}

/* ---- event by event ------------------------------------------------------------------------------- */

struct thread_seen {
	uint64_t allocations, frees;
	uint64_t addresses[COUNTED_HELD + 1]; /* addresses of the latest allocations */
};

static const char *behind(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	cr_assert(at, "no %s in %s", key, line);
	return at + strlen(key);
}

static uint64_t address_in(const char *line) { return strtoull(behind(line, "\"object\":\""), NULL, 16); }

/* Checks that the event is the next one of its thread: none is missing, and none is invented. */
static void check_event(struct thread_seen *seen, const char *line)
{
	if (strstr(line, "\"type\":\"malloc\"")) {
		uint64_t size = strtoull(behind(line, "\"size\":"), NULL, 10), n = ++seen->allocations;

		cr_assert_eq(size, counted_size(n), "allocation %llu: %s", (unsigned long long)n, line);
		seen->addresses[n % (COUNTED_HELD + 1)] = address_in(line);
	} else if (strstr(line, "\"type\":\"free\"")) {
		uint64_t n = ++seen->frees;

		cr_assert_eq(n + COUNTED_HELD, seen->allocations, "free %llu: %s", (unsigned long long)n, line);
		cr_assert_eq(address_in(line), seen->addresses[n % (COUNTED_HELD + 1)], "free %llu: %s",
		             (unsigned long long)n, line);
	} else {
		cr_assert(strstr(line, "\"type\":\"thread-begin\""), "what is this? %s", line);
	}
}

/* done: events that had happened for certain; one more may have happened. */
static void check_counts(uint64_t allocations, uint64_t frees, uint64_t done)
{
	uint64_t freed = allocations > COUNTED_HELD ? allocations - COUNTED_HELD : 0;

	cr_expect(allocations == done || allocations == done + 1, "%llu allocations, and %llu had returned",
	          (unsigned long long)allocations, (unsigned long long)done);
	cr_expect(frees == freed || frees + 1 == freed, "%llu allocations and %llu frees",
	          (unsigned long long)allocations, (unsigned long long)frees);
}

static void check_events(struct rt *rt, const struct counted *counted)
{
	struct thread_seen seen[COUNTED_THREADS] = {0};
	struct outcome events = rt_tool(rt, "events RUN --format json");
	char *save = NULL;

	cr_assert_eq(events.status, 0, "ringtail events: %s", events.err);
	for (char *line = strtok_r(events.out, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t thread = strtoull(behind(line, "\"thread\":"), NULL, 10);

		cr_assert(!strstr(line, "\"type\":\"loss\""), "%s", line);
		if (thread >= FIRST_THREAD && thread < FIRST_THREAD + COUNTED_THREADS)
			check_event(&seen[thread - FIRST_THREAD], line);
	}
	for (unsigned i = 0; i < COUNTED_THREADS; i++)
		check_counts(seen[i].allocations, seen[i].frees, counted->threads[i].done);
	outcome_free(&events);
}

/* ---- by the report's numbers --------------------------------------------------------------------------- */

static uint64_t sum_of_sizes(uint64_t count)
{
	uint64_t sum = 0;

	for (uint64_t n = 1; n <= count; n++)
		sum += counted_size(n);
	return sum;
}

static void check_numbers(struct rt *rt, const struct counted *counted)
{
	struct outcome rows = rt_tool(
	    rt,
	    "sql RUN --format csv 'select thread, allocations, allocated_bytes, frees, freed_bytes from heap_thread "
	    "where thread > 1 order by thread'");
	const char *line = rows.out;

	cr_assert_eq(rows.status, 0, "ringtail sql: %s", rows.err);
	line = behind(line, "\n"); /* of the columns' names */
	for (unsigned i = 0; i < COUNTED_THREADS; i++) {
		unsigned long long thread, allocations, allocated, frees, freed;

		cr_assert_eq(
		    sscanf(line, "%llu,%llu,%llu,%llu,%llu", &thread, &allocations, &allocated, &frees, &freed), 5,
		    "%s", rows.out);
		cr_expect_eq(thread, FIRST_THREAD + i);
		check_counts(allocations, frees, counted->threads[i].done);
		cr_expect_eq(allocated, sum_of_sizes(allocations));
		cr_expect_eq(freed, sum_of_sizes(frees));
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : "";
	}
	outcome_free(&rows);
}

static long long recorded(const json_t *process) { return json_number(process, "events.recorded"); }

static long long lost(const json_t *process) { return json_number(process, "events.lost"); }

/* ---- the tests ------------------------------------------------------------------------------------------- */

static void kill_program(enum mode mode, unsigned seed)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, mode, "counted");
	struct counted *counted = wait_for_work(&rt);
	struct outcome outcome;
	json_t *process;

	wait_a_while(seed);
	kill((pid_t)counted->pid, SIGKILL);
	outcome = spawn_wait(&child);
	cr_expect_eq(outcome.status, 128 + SIGKILL);
	outcome_free(&outcome);
	if (mode == MODE_PRELOAD) /* `ringtail run` keeps the latest events only */
		check_events(&rt, counted);
	process = rt_process(&rt, "counted");
	cr_expect_str_eq(json_text(process, "end.how"), "signal");
	cr_expect_eq(lost(process), 0);
	check_numbers(&rt, counted);
	end(&rt, counted);
}

Test(kills, program_alone, .timeout = 1800)
{
	for (unsigned i = 0; i < kills(); i++)
		kill_program(MODE_PRELOAD, i + 1);
}

Test(kills, program_while_it_is_read, .timeout = 1800)
{
	for (unsigned i = 0; i < kills(); i++)
		kill_program(MODE_RUN, i + 1001);
}

/* Every event that happened is either in the report or counted as lost. */
static void check_all_accounted(const json_t *process, const struct counted *counted)
{
	long long happened = 0, of_main = 100; /* at most */

	for (unsigned i = 0; i < COUNTED_THREADS; i++) {
		uint64_t done = counted->threads[i].done;

		happened += (long long)(done + (done > COUNTED_HELD ? done - COUNTED_HELD : 0)) + 2; /* begin, end */
	}
	cr_expect(recorded(process) + lost(process) >= happened &&
	              recorded(process) + lost(process) <= happened + of_main,
	          "%lld recorded and %lld lost of %lld", recorded(process), lost(process), happened);
}

static bool tells_loss(const json_t *process)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i,
	                   finding) if (!strcmp(json_text(finding, "kind"), "loss")) return true;
	return false;
}

static void kill_reader(unsigned seed)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, MODE_RUN, "counted");
	struct counted *counted = wait_for_work(&rt);
	struct outcome outcome;
	uint64_t before;
	json_t *process;

	wait_a_while(seed);
	kill(child.pid, SIGKILL);
	before = __atomic_load_n(&counted->threads[0].done, __ATOMIC_ACQUIRE);
	for (int tries = 0; tries < 20000 && counted->threads[0].done < before + 1000; tries++)
		sleep_ms(1); /* the program goes on meanwhile */
	cr_expect_geq(counted->threads[0].done, before + 1000);
	counted->stop = 1;
	while (!is_gone((pid_t)counted->pid))
		sleep_ms(1);
	outcome = spawn_wait(&child);
	outcome_free(&outcome);
	process = rt_process(&rt, "counted");
	cr_expect_str_eq(json_text(process, "end.how"), "exit");
	check_all_accounted(process, counted);
	cr_expect_eq(tells_loss(process), lost(process) > 0);
	end(&rt, counted);
}

Test(kills, reader, .timeout = 1800)
{
	for (unsigned i = 0; i < kills(); i++)
		kill_reader(i + 2001);
}
