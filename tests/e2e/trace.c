/* `ringtail run --trace-every`: one line each time, for each process. */
#include <criterion/criterion.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(trace);

#define KINDS "mutex=[0-9]+ rwlock=[0-9]+ cond=[0-9]+ sem=[0-9]+ join=[0-9]+ "
#define RARE  "(spin=[0-9]+ )?(barrier=[0-9]+ )?(once=[0-9]+ )?(futex=[0-9]+ )?"
static const char any_line[] = "^ringtail: [0-9]+: threads=[0-9]+ running=[0-9]+ blocked\\{" KINDS RARE
                               "io=[0-9]+\\} oldest=[0-9]+\\.[0-9]s contended/s=[0-9]+ lost=[0-9]+$";
/* The line that fits tests/programs/blocked_kinds.c. */
static const char full_line[] =
    "threads=16 running=1 blocked{mutex=2 rwlock=1 cond=3 sem=2 join=1 spin=1 barrier=1 once=1 "
    "futex=1 io=2} oldest=";

static bool has_shape(const char *line)
{
	regex_t shape;

	cr_assert_eq(regcomp(&shape, any_line, REG_EXTENDED | REG_NOSUB), 0);
	bool matches = regexec(&shape, line, 0, NULL, 0) == 0;
	regfree(&shape);
	return matches;
}

/* The number of processes with a full line; every line must have the right form. */
static unsigned full_processes(char *text)
{
	unsigned pids[16], pid, count = 0;
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		bool known = false;

		if (!strstr(line, " blocked{"))
			continue;
		cr_expect(has_shape(line), "%s", line);
		if (!strstr(line, full_line) || sscanf(line, "ringtail: %u:", &pid) != 1)
			continue;
		for (unsigned i = 0; i < count; i++)
			known |= pids[i] == pid;
		if (!known && count < 16)
			pids[count++] = pid;
	}
	return count;
}

static void expect_full(const char *program, unsigned processes)
{
	struct rt rt = rt_new();
	unsigned full;

	rt_program_with(&rt, MODE_RUN, "--trace-every=100", program);
	cr_expect_eq(rt.program.status, 0);
	full = full_processes(rt.program.err);
	cr_expect_eq(full, processes, "%u processes have a line of all kinds", full);
	rt_end(&rt);
}

Test(trace, every_kind_of_wait) { expect_full("blocked_kinds", 1); }
Test(trace, several_processes) { expect_full("blocked_kinds 3", 3); }

/* No line is printed unless --trace-every asks for it. */
Test(trace, none_unless_asked_for)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "blocked_kinds");
	cr_expect(!strstr(rt.program.err, "blocked{"), "%s", rt.program.err);
	rt_end(&rt);
}
