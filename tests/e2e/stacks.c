/* The shim's stacks against a full unwind of its own (the memo must be exact) and against libunwind's: stacks.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(stacks);

struct counts {
	unsigned long checked, memo_differs, ours_shorter, peer_shorter, other_frames;
};

/* The file has a line for each process image that ended in order, and the first differences below it. */
static struct counts read_counts(const char *path)
{
	struct counts sum = {0}, one;
	char line[65536];
	FILE *file = fopen(path, "r");

	cr_assert(file, "no process has written %s", path);
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line,
		           "pid %*d exe %*s checked %lu memo_differs %lu ours_shorter %lu peer_shorter %lu "
		           "other_frames %lu",
		           &one.checked, &one.memo_differs, &one.ours_shorter, &one.peer_shorter,
		           &one.other_frames) != 5) {
			cr_log_info("%s", line);
			continue;
		}
		sum.checked += one.checked;
		sum.memo_differs += one.memo_differs;
		sum.ours_shorter += one.ours_shorter;
		sum.peer_shorter += one.peer_shorter;
		sum.other_frames += one.other_frames;
	}
	fclose(file);
	return sum;
}

static void expect_same_stacks(const char *line, unsigned every, unsigned long least, int status)
{
	struct rt rt = rt_new();
	char out[RT_PATH + 32], program[RT_PATH], command[4096];
	int first = (int)strcspn(line, " ");

	snprintf(out, sizeof out, "%s/stacks.txt", rt.root);
	snprintf(program, sizeof program, "%s%.*s", rt_built("programs/"), first, line);
	if (access(program, X_OK))
		snprintf(program, sizeof program, "%.*s", first, line);
	snprintf(command, sizeof command,
	         "env RINGTAIL=scan=no:run=%s LD_PRELOAD=%s STACK_CHECK_EVERY=%u STACK_CHECK_OUT=%s %s%s", rt.run,
	         rt_built("libringtail-check.so"), every, out, program, line + first);
	rt_program(&rt, MODE_BARE, command);
	cr_expect_eq(rt.program.status, status, "%s: status %d, %s", line, rt.program.status, rt.program.err);
	struct counts counts = read_counts(out);
	cr_expect_geq(counts.checked, least, "only %lu stacks were compared", counts.checked);
	cr_expect_eq(counts.memo_differs, 0, "%lu of %lu stacks by memo differ from a full unwind", counts.memo_differs,
	             counts.checked);
	unsigned long differ = counts.ours_shorter + counts.peer_shorter + counts.other_frames;
	cr_expect_leq(differ * 10000, counts.checked,
	              "%lu of %lu stacks differ from libunwind's: %lu end sooner, %lu later, %lu have other frames",
	              differ, counts.checked, counts.ours_shorter, counts.peer_shorter, counts.other_frames);
	rt_end(&rt);
}

#define STACKS(name, every, least, status, line)                                                                       \
	Test(stacks, name) { expect_same_stacks(line, every, least, status); }
#define PROGRAM(name, exe, every, least, line, full_every, full_line)                                                  \
	Test(stacks, name, .timeout = 120) { expect_same_stacks(line, every, least, 0); }
#include "tests/e2e/tables/stacks.def"
