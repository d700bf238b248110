/* What programs are accused of, to the last name: deadlocks.def, accused.def; in both ways to run. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/named.h"
#include "tests/e2e/rt.h"

TEST_SUITE(accused);

struct expected {
	const char *program, *shape;
	int status;
	const char *summary; /* all that it is accused of */
	const char *kind, *class, *names;
};

static void expect_accused(enum way way, struct expected want)
{
	struct rt rt = rt_new();
	char line[128], names[NAMED_TEXT], *found;
	json_t *process;

	snprintf(line, sizeof line, "%s %s", want.program, want.shape);
	rt_program(&rt, way, line);
	cr_expect_eq(rt.program.status, want.status, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	process = rt_process(&rt, want.program);
	found = findings_summary(process, false);
	cr_expect_str_eq(found, want.summary, "%s: found %s", line, found);
	named_finding(named_only(process, want.kind, want.class), rt.program.out, want.program, names);
	cr_expect_str_eq(names, want.names, "%s:\n  expected \"%s\"\n  found    \"%s\"", line, want.names, names);
	free(found);
	rt_end(&rt);
}

#define BOTH_WAYS(program, shape, ...)                                                                       \
	Test(accused, program##_##shape##_run)                                                               \
	{                                                                                                    \
		expect_accused(WAY_RUN, (struct expected){ #program, #shape, __VA_ARGS__ });                 \
	}                                                                                                    \
	Test(accused, program##_##shape##_preload)                                                           \
	{                                                                                                    \
		expect_accused(WAY_PRELOAD, (struct expected){ #program, #shape, __VA_ARGS__ });             \
	}

#define PREDICTED(program, shape, names)                                                                     \
	BOTH_WAYS(program, shape, 0, "deadlock:predicted=1", "deadlock", "predicted", names)
#include "tests/e2e/deadlocks.def"

#define ACCUSED(program, shape, kind, class, names)                                                          \
	BOTH_WAYS(program, shape, 0, #kind ":" class "=1", #kind, class, names)
#define ACCUSED_WITH BOTH_WAYS
#include "tests/e2e/accused.def"

/* Rust's mutexes have no owner that could be seen: nobody is left who could wake anybody. */
Test(accused, rust_std_hang)
{
	static const char expected[] = "futex; rust_std::main: waits for a thread here@rust_std::hang; "
	                               "rust_std::hang::{{closure}}: waits for a futex here@rust_std::lock_both; "
	                               "rust_std::hang::{{closure}}: waits for a futex here@rust_std::lock_both";
	struct rt rt = rt_new();
	char names[NAMED_TEXT];
	json_t *process;

	rt_program_with(&rt, WAY_RUN, "--on-deadlock=kill", "rust_std hang");
	cr_expect_eq(rt.program.status, 67, "status %d: %s", rt.program.status, rt.program.err);
	process = rt_process(&rt, "rust_std");
	named_finding(named_only(process, "deadlock", "realised"), rt.program.out, "rust_std", names);
	cr_expect_str_eq(names, expected, "found %s", names);
	rt_end(&rt);
}
