/* The sanitizers report nothing: in a short run of each fuzz target (make fuzz is the long one), and, for
 * ThreadSanitizer, in the code that threads share. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/harness/rt.h"

TEST_SUITE(fuzz);
TEST_SUITE(races);

/* Runs a target, always from the same seed; new inputs go to the test's own directory. */
static void fuzz(const char *name, unsigned runs)
{
	struct rt rt = rt_new();
	char target[64], runs_option[32], seeds[64], corpus[64];

	snprintf(target, sizeof target, "fuzz/fuzz_%s", name);
	snprintf(seeds, sizeof seeds, "fuzz/seeds/%s", name);
	snprintf(runs_option, sizeof runs_option, "-runs=%u", runs);
	snprintf(corpus, sizeof corpus, "tests/fuzz/corpus/%s", name);
	const char *argv[] = {rt_built(target), runs_option,     "-seed=1", "-max_len=65536", "-timeout=30", rt.work,
	                      corpus,           rt_built(seeds), NULL};
	const char *env[] = {"ASAN_OPTIONS=handle_sigbus=0:allocator_may_return_null=1", NULL};
	struct outcome outcome = spawn((struct command){.argv = argv, .env = env, .timeout = 200});

	cr_expect_eq(outcome.status, 0, "%s: status %d: %s", target, outcome.status, outcome.err);
	outcome_free(&outcome);
	rt_end(&rt);
}

/* FUZZ(target, runs): those that the corpus is are among them. */
#define FUZZ(name, runs)                                                                                               \
	Test(fuzz, name, .timeout = 240) { fuzz(#name, runs); }

FUZZ(ring_file, 300)
FUZZ(scan, 5000)
FUZZ(races, 500)
FUZZ(options, 10000)
FUZZ(text, 10000)
FUZZ(cfi, 30000)
FUZZ(sites, 1500)

static void expect_quiet_race(const char *program, const char *says)
{
	const char *argv[] = {"setarch", "-R", rt_built(program), NULL};
	struct outcome outcome = spawn((struct command){.argv = argv});

	cr_expect_eq(outcome.status, 0, "status %d: %s%s", outcome.status, outcome.out, outcome.err);
	cr_expect_str_eq(outcome.err, "");
	cr_expect_str_eq(outcome.out, says);
	outcome_free(&outcome);
}

Test(races, writer_and_reader_of_a_ring)
{
	expect_quiet_race("tsan/ring_race", "lost 0, bad 0, wrong 0, overwritten 0\n");
}

Test(races, threads_that_add_the_same_stacks)
{
	expect_quiet_race("tsan/stack_table_race", "unequal 0, used 300000, lost 0\n");
}
