/* What can reach the live blocks of real programs, held to memcheck: leak_programs.def. */
#include <criterion/criterion.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/memcheck.h"

TEST_SUITE(leak_programs);

static void make_repository(struct rt *rt)
{
	const char *argv[] = {"sh", "data/git.sh", NULL};
	struct outcome outcome = spawn((struct command){.argv = argv, .directory = rt->work});

	cr_assert_eq(outcome.status, 0, "git: %s", outcome.err);
	outcome_free(&outcome);
}

struct sums_of_both {
	struct leak_sums memcheck, ringtail;
};

static struct sums_of_both run_both(struct rt *rt, const char *line)
{
	struct sums_of_both both;

	rt->timeout = 240;
	if (!strncmp(line, "git ", 4))
		make_repository(rt);
	both.memcheck = leaks_by_memcheck(rt, line);
	int status = rt->program.status;
	cr_expect_lt(status, 128, "%s: status %d under memcheck: %s", line, status, rt->program.err);
	both.ringtail = leaks_by_ringtail(rt, line);
	cr_expect_eq(rt->program.status, status, "%s: status %d: %s", line, rt->program.status, rt->program.err);
	return both;
}

static void expect_difference(const char *line, const struct sums_of_both *both, const char *difference)
{
	char *by_memcheck = leak_sums_text(&both->memcheck);
	char *less = leak_sums_difference(&both->ringtail, &both->memcheck);

	cr_expect_eq(fnmatch(difference, less, FNM_EXTMATCH), 0, "%s: ringtail: %s; memcheck: %s; not: %s", line, less,
	             by_memcheck, difference);
	free(by_memcheck);
	free(less);
}

static void expect_program(const char *line, const char *difference)
{
	struct rt rt = rt_new();
	struct sums_of_both both = run_both(&rt, line);

	expect_difference(line, &both, difference);
	rt_end(&rt);
}

static struct leak_class_sum all_classes(const struct leak_class_sum of[SUM_CLASSES])
{
	struct leak_class_sum sum = {0, 0};

	for (size_t class = 0; class < SUM_CLASSES; class ++) {
		sum.blocks += of[class].blocks;
		sum.bytes += of[class].bytes;
	}
	return sum;
}

/* The first process forks the others, which inherit its memory. */
static void expect_family(const char *line, size_t processes, const char *difference)
{
	struct rt rt = rt_new();
	struct sums_of_both both = run_both(&rt, line);
	struct leak_class_sum inherited = all_classes(both.memcheck.of[0]);

	cr_assert_eq(both.memcheck.processes, processes, "%s: %zu processes", line, both.memcheck.processes);
	cr_assert_eq(both.ringtail.processes, processes, "%s: %zu processes", line, both.ringtail.processes);
	for (size_t i = 1; i < processes; i++) {
		struct leak_class_sum memcheck = all_classes(both.memcheck.of[i]),
		                      ringtail = all_classes(both.ringtail.of[i]);
		const struct leak_class_sum *lost = both.ringtail.of[i];

		cr_expect_eq(ringtail.blocks, memcheck.blocks - inherited.blocks,
		             "%s, process %zu: %lld blocks; memcheck: %lld, inherited %lld", line, i, ringtail.blocks,
		             memcheck.blocks, inherited.blocks);
		cr_expect_eq(ringtail.bytes, memcheck.bytes - inherited.bytes,
		             "%s, process %zu: %lld bytes; memcheck: %lld, inherited %lld", line, i, ringtail.bytes,
		             memcheck.bytes, inherited.bytes);
		cr_expect_leq(lost[SUM_DEFINITE].blocks, both.memcheck.of[i][SUM_DEFINITE].blocks, "%s, process %zu",
		              line, i);
	}
	both.memcheck.processes = both.ringtail.processes = 1;
	expect_difference(line, &both, difference);
	rt_end(&rt);
}

#define LEAK_PROGRAM(name, line, difference, why)                                                                      \
	Test(leak_programs, name, .timeout = 600) { expect_program(line, difference); }
#define LEAK_FAMILY(name, line, processes, difference, why)                                                            \
	Test(leak_programs, name, .timeout = 600) { expect_family(line, processes, difference); }
#include "tests/e2e/tables/leak_programs.def"
