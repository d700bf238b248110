/* The shim's stacks against a full unwind of its own (the memo must be exact) and against libunwind's: stacks.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/rt.h"

TEST_SUITE(stacks);

struct counts {
	unsigned long checked, memo_differs, peer_differs;
};

/* One line per process image that ended in order, and the first differences behind it. */
static struct counts read_counts(const char *path)
{
	struct counts sum = {0, 0, 0}, one;
	char line[65536];
	FILE *file = fopen(path, "r");

	cr_assert(file, "no process has written %s", path);
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, "pid %*d checked %lu memo_differs %lu peer_differs %lu", &one.checked, &one.memo_differs,
		           &one.peer_differs) != 3) {
			cr_log_info("%s", line);
			continue;
		}
		sum.checked += one.checked;
		sum.memo_differs += one.memo_differs;
		sum.peer_differs += one.peer_differs;
	}
	fclose(file);
	return sum;
}

static void expect_same_stacks(const char *line, unsigned every, unsigned long least, int status)
{
	struct rt rt = rt_new();
	char out[RT_PATH + 32], command[2048];

	snprintf(out, sizeof out, "%s/stacks.txt", rt.root);
	snprintf(command, sizeof command,
	         "env RINGTAIL=run=%s LD_PRELOAD=%s STACK_CHECK_EVERY=%u STACK_CHECK_OUT=%s %s%s", rt.run,
	         rt_built("libringtail-check.so"), every, out, strchr(line, ' ') || *line == '/' ? "" : rt_built("programs/"),
	         line);
	rt_program(&rt, WAY_BARE, command);
	cr_expect_eq(rt.program.status, status, "%s: status %d, %s", line, rt.program.status, rt.program.err);
	struct counts counts = read_counts(out);
	cr_expect_geq(counts.checked, least, "only %lu stacks were compared", counts.checked);
	cr_expect_eq(counts.memo_differs, 0, "%lu of %lu stacks by memo differ from a full unwind", counts.memo_differs,
	             counts.checked);
	cr_expect_leq(counts.peer_differs * 10000, counts.checked, "%lu of %lu stacks differ from libunwind's",
	              counts.peer_differs, counts.checked);
	rt_end(&rt);
}

#define STACKS(name, every, least, status, line) \
	Test(stacks, name) { expect_same_stacks(line, every, least, status); }
#include "tests/e2e/stacks.def"
