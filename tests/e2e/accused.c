/* Findings about programs, checked to the last name: deadlocks.def, accused.def, realised.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/named.h"
#include "tests/harness/rt.h"

TEST_SUITE(accused);

struct expected {
	const char *program, *shape;
	int status;
	const char *summary; /* all findings about the program */
	const char *kind, *class, *names;
};

static void expect_accused(enum mode mode, struct expected want)
{
	struct rt rt = rt_new();
	char line[128], names[NAMED_TEXT], *found;
	json_t *process;

	snprintf(line, sizeof line, "%s %s", want.program, want.shape);
	rt_program(&rt, mode, line);
	cr_expect_eq(rt.program.status, want.status, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	process = rt_process(&rt, want.program);
	found = findings_summary(process, false);
	cr_expect_str_eq(found, want.summary, "%s: found %s", line, found);
	named_finding(named_only(process, want.kind, want.class), rt.program.out, want.program, names);
	cr_expect_str_eq(names, want.names, "%s:\n  expected \"%s\"\n  found    \"%s\"", line, want.names, names);
	if (strcmp(found, want.summary) || strcmp(names, want.names))
		rt_explain(&rt, "");
	free(found);
	rt_end(&rt);
}

#define BOTH_MODES(program, shape, ...)                                                                                \
	Test(accused, program##_##shape##_run)                                                                         \
	{                                                                                                              \
		expect_accused(MODE_RUN, (struct expected){#program, #shape, __VA_ARGS__});                            \
	}                                                                                                              \
	Test(accused, program##_##shape##_preload)                                                                     \
	{                                                                                                              \
		expect_accused(MODE_PRELOAD, (struct expected){#program, #shape, __VA_ARGS__});                        \
	}

#define PREDICTED(program, shape, names)                                                                               \
	BOTH_MODES(program, shape, 0, "deadlock:predicted=1", "deadlock", "predicted", names)
#include "tests/e2e/tables/deadlocks.def"

#define ACCUSED(program, shape, kind, class, names)                                                                    \
	BOTH_MODES(program, shape, 0, #kind ":" class "=1", #kind, class, names)
#define ACCUSED_WITH BOTH_MODES
#include "tests/e2e/tables/accused.def"

/* ---- deadlocks that happen --------------------------------------------------------------- */

static void expect_realised(const char *program, const char *shape, const char *expected)
{
	struct rt rt = rt_new();
	char line[128], names[NAMED_TEXT];
	json_t *process;

	snprintf(line, sizeof line, "%s %s", program, shape);
	rt_program_with(&rt, MODE_RUN, "--on-deadlock=kill", line);
	cr_expect_eq(rt.program.status, 67, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	process = rt_process(&rt, program);
	named_finding(named_only(process, "deadlock", "realised"), rt.program.out, program, names);
	cr_expect_str_eq(names, expected, "%s:\n  expected \"%s\"\n  found    \"%s\"", line, expected, names);
	rt_end(&rt);
}

#define REALISED(shape, names)                                                                                         \
	Test(accused, realised_##shape) { expect_realised("hangs", #shape, names); }
#include "tests/e2e/tables/realised.def"

/* Rust's mutexes have no visible owner: no thread is left that could wake another. */
Test(accused, realised_rust_std)
{
	expect_realised("rust_std", "hang",
	                "futex; rust_std::main: waits for a thread here@rust_std::hang; "
	                "rust_std::hang::{{closure}}: waits for a futex here@rust_std::lock_both; "
	                "rust_std::hang::{{closure}}: waits for a futex here@rust_std::lock_both");
}

/* ---- the interleaving that would hang ------------------------------------------------------ */

struct step {
	unsigned thread;
	char lock[32];
};

/* "     NUMBER. thread THREAD VERB mutex LOCK" */
static struct step read_step(const char *text, unsigned number, const char *verb)
{
	char format[64];
	struct step step = {0};
	const char *line;

	snprintf(format, sizeof format, "\n     %u. ", number);
	line = strstr(text, format);
	cr_assert(line, "no step %u in %s", number, text);
	snprintf(format, sizeof format, "\n     %u. thread %%u (%%*[^)]) %s mutex %%31s", number, verb);
	cr_assert_eq(sscanf(line, format, &step.thread, step.lock), 2, "step %u: %.80s", number, line);
	return step;
}

/* Both threads take a lock, and then each waits for the other's. */
Test(accused, witness_step_by_step)
{
	struct rt rt = rt_new();
	struct outcome text;
	struct step steps[4];
	const char *witness;

	rt_program(&rt, MODE_RUN, "order gate_of_one");
	text = rt_tool(&rt, "deadlocks RUN");
	witness = strstr(text.out, "it would hang like this:");
	cr_assert(witness, "%s", text.out);
	for (unsigned i = 0; i < 4; i++)
		steps[i] = read_step(witness, i + 1, i < 2 ? "takes" : "waits for");
	cr_expect_neq(steps[0].thread, steps[1].thread);
	for (unsigned i = 0; i < 2; i++) {
		cr_expect_eq(steps[i].thread, steps[i + 2].thread);
		cr_expect_str_eq(steps[i].lock, steps[3 - i].lock, "step %u: %s", 4 - i, steps[3 - i].lock);
	}
	outcome_free(&text);
	rt_end(&rt);
}
