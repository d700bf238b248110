/* Libraries that come and go: an address is read with the library that was there at its time. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(epochs);

struct seen {
	char mutexes[2][32]; /* addresses as the program prints them */
	long long blocks[2], locks[2];
};

static bool is_a(const char *what) { return !strcmp(what, "malloc") || !strcmp(what, "acquire"); }

static bool bare; /* true: the libraries have no build id */

/* The innermost frame must be of the library whose block or mutex this is: 0 for a, 1 for b. */
static void expect_library(const json_t *event, int index, const char *what)
{
	const json_t *frame = json_array_get(json_object_get(event, "frames"), 0);
	char function[32], library[32];

	snprintf(function, sizeof function, "epoch_%c_%s", 'a' + index, what);
	snprintf(library, sizeof library, "/epoch_%c%s.so", 'a' + index, bare ? "_bare" : "");
	cr_assert(frame, "an event of %s has no stack", library);
	cr_expect_str_eq(json_text(frame, "function"), function);
	cr_expect(strstr(json_text(frame, "module"), library), "%s in %s", function, json_text(frame, "module"));
	cr_expect(bare ? json_is_null(json_object_get(frame, "build_id")) : strlen(json_text(frame, "build_id")) == 40);
}

static void look_at(struct seen *seen, const json_t *event)
{
	const char *type = json_text(event, "type");

	for (int i = 0; i < 2 && is_a(type); i++) {
		if (!strcmp(type, "malloc") && json_number(event, "size") == 101 * (i + 1)) {
			expect_library(event, i, "allocate");
			seen->blocks[i]++;
		}
		if (!strcmp(type, "acquire") && !strcmp(json_text(event, "object"), seen->mutexes[i])) {
			expect_library(event, i, "lock");
			seen->locks[i]++;
		}
	}
}

static void look_at_all(struct rt *rt, struct seen *seen)
{
	struct outcome events = rt_tool(rt, "events RUN --stacks --format json");

	cr_assert_eq(events.status, 0, "%s", events.err);
	for (char *line = strtok(events.out, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *event = json_loads(line, 0, NULL);

		cr_assert(event, "no JSON: %s", line);
		look_at(seen, event);
		json_decref(event);
	}
	outcome_free(&events);
}

/* The kernel usually maps b at the address where a was; if it did not, the test shows nothing. */
static void expect_same_place(const struct outcome *program, int rounds)
{
	const char *line = strstr(program->out, "same place ");

	cr_assert(line && atoi(line + 11) == rounds, "the libraries were not loaded at the same place: %s",
	          program->out);
}

static void expect_epochs(enum mode mode, const char *options, const char *how, int rounds, int times, bool heap)
{
	struct rt rt = rt_new();
	struct seen seen = {0};
	char line[64];

	bare = !strcmp(how, "bare");
	snprintf(line, sizeof line, "dlopen_epochs %s %d", how, rounds);
	rt_program_with(&rt, mode, options, line);
	cr_assert_eq(rt.program.status, 0, "%s%s", rt.program.out, rt.program.err);
	cr_assert_eq(sscanf(rt.program.out, "mutexes %31s %31s", seen.mutexes[0], seen.mutexes[1]), 2);
	if (strcmp(how, "threads"))
		expect_same_place(&rt.program, rounds);
	look_at_all(&rt, &seen);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(seen.blocks[i], heap ? rounds * times : 0, "%lld blocks", seen.blocks[i]);
		cr_expect_eq(seen.locks[i], rounds * times, "%lld locks", seen.locks[i]);
	}
	rt_end(&rt);
}

/* EPOCHS(name, options of MODE_RUN, of MODE_PRELOAD, arguments, rounds, threads, heap is watched) */
#define EPOCHS(name, run, preload, how, rounds, times, heap)                                                           \
	Test(epochs, name##_run) { expect_epochs(MODE_RUN, run, how, rounds, times, heap); }                           \
	Test(epochs, name##_preload) { expect_epochs(MODE_PRELOAD, preload, how, rounds, times, heap); }

EPOCHS(two, "", "", "rounds", 1, 1, true)
EPOCHS(many, "", "", "rounds", 50, 1, true)
EPOCHS(without_heap, "--heap=no", "heap=no", "rounds", 20, 1, false)
EPOCHS(with_callers_only, "--stacks=caller", "stacks=caller", "rounds", 20, 1, true)
EPOCHS(in_threads, "", "", "threads", 50, 4, true)
/* More loads than the ring file has entries for modules. */
EPOCHS(without_end, "--keep=64M --depth=2", "depth=2", "rounds", 2100, 1, true)
/* Without a build id no load may be taken for the one before, so that each takes an entry of its own. */
EPOCHS(without_build_ids, "", "", "bare", 100, 1, true)

/* ---- a library that comes back at other addresses -------------------------------------------------------- */

/* What was found: "blocks id" of each leak, worst first. */
static char *leaks_of(enum mode mode, const char *line)
{
	struct rt rt = rt_new();
	struct outcome rows;
	char *found;

	rt_program(&rt, mode, line);
	cr_assert_eq(rt.program.status, 0, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	rt_report(&rt);
	rows = rt_tool(&rt, "sql RUN --format csv 'select blocks || substr(id, 1, 16) as leak from finding where"
	                    " class = \"definite\"'");
	cr_assert_eq(rows.status, 0, "%s", rows.err);
	found = strdup(strchr(rows.out, '\n') ? strchr(rows.out, '\n') + 1 : "");
	outcome_free(&rows);
	rt_end(&rt);
	return found;
}

/* One place is one finding, with an id that does not depend on how often the library was loaded. */
static void expect_one_place(enum mode mode)
{
	char *few = leaks_of(mode, "dlopen_moves epoch_a.so 5"), *many = leaks_of(mode, "dlopen_moves epoch_a.so 20");

	cr_expect_lt(strlen(few), 2 * 16, "more than one: %s", few);
	cr_expect(!strncmp(few, "5", 1) && !strncmp(many, "20", 2), "%s%s", few, many);
	cr_expect(strlen(few) > 16 && strlen(many) > 17 && !strcmp(few + 1, many + 2), "%s%s", few, many);
	free(few);
	free(many);
}

Test(epochs, library_that_moves_run) { expect_one_place(MODE_RUN); }
Test(epochs, library_that_moves_preload) { expect_one_place(MODE_PRELOAD); }

/* Without a build id, the file may be another one each time. */
Test(epochs, bare_library_that_moves)
{
	char *found = leaks_of(MODE_RUN, "dlopen_moves epoch_a_bare.so 5");
	size_t lines = 0;

	for (const char *at = found; (at = strchr(at, '\n')); at++)
		lines++;
	cr_expect_eq(lines, 5, "%s", found);
	free(found);
}
