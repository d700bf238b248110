/* What ringtail counts in real programs against what valgrind counts: valgrind.def. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include "tests/harness/rt.h"

TEST_SUITE(as_valgrind);

struct usage {
	long long allocations, frees, bytes;
};

static void parse_usage(char *log, struct usage *usage)
{
	char *line = strstr(log, "total heap usage:"), *to = log;

	cr_assert(line, "valgrind's log has no heap usage: %s", log);
	for (char *from = line; *from && *from != '\n'; from++)
		if (*from != ',' || from[1] == ' ')
			*to++ = *from;
	*to = 0;
	cr_assert_eq(sscanf(log, "total heap usage: %lld allocs, %lld frees, %lld bytes", &usage->allocations,
	                    &usage->frees, &usage->bytes),
	             3, "valgrind: %s", log);
}

/*
 * Programs copy their environment, so both runs have variables of the same number and about the same length: what
 * valgrind sets, what ringtail needs, and what makes hash tables the same from run to run.  The heap starts at one
 * address: Python makes numbers of addresses, which are larger from 1 GiB on, where chance puts one heap in sixty.
 */
static void set_environment(void)
{
	personality(ADDR_NO_RANDOMIZE);
	setenv("GLIBCPP_FORCE_NEW", "1", 1);
	setenv("GLIBCXX_FORCE_NEW", "1", 1);
	setenv("LD_LIBRARY_PATH", "/usr/lib/debug", 1);
	setenv("PERL_HASH_SEED", "0", 1);
	setenv("PYTHONHASHSEED", "0", 1);
}

static struct usage by_valgrind(struct rt *rt, const char *line)
{
	struct usage usage;
	char command[1024];
	const char *argv[] = {"cat", "valgrind.log", NULL};
	struct outcome log;

	snprintf(command, sizeof command,
	         "valgrind --leak-check=no --run-libc-freeres=no --run-cxx-freeres=no --trace-children=yes "
	         "--trace-children-skip=*/env --log-file=valgrind.log %s",
	         line);
	setenv("AS_LONG_", rt->run, 1); /* in place of RINGTAIL */
	rt_program(rt, MODE_BARE, command);
	unsetenv("AS_LONG_");
	log = spawn((struct command){.argv = argv, .directory = rt->work});
	parse_usage(log.out, &usage);
	outcome_free(&log);
	return usage;
}

static void make_repository(struct rt *rt)
{
	const char *argv[] = {"sh", "data/git.sh", NULL};
	struct outcome outcome = spawn((struct command){.argv = argv, .directory = rt->work});

	cr_assert_eq(outcome.status, 0, "git: %s", outcome.err);
	outcome_free(&outcome);
}

static bool near(long long one, long long other, long long tolerance) { return llabs(one - other) <= tolerance; }

static void expect_as_valgrind(const char *line, const char *exe, long long blocks, long long bytes)
{
	struct rt rt = rt_new();
	struct usage valgrind, ringtail;
	json_t *process;

	set_environment();
	if (!strncmp(line, "git ", 4))
		make_repository(&rt);
	valgrind = by_valgrind(&rt, line);
	outcome_free(&rt.program);
	rt_program(&rt, MODE_PRELOAD, line);
	process = rt_process(&rt, exe);
	ringtail.allocations = json_number(process, "heap.allocations");
	ringtail.bytes = json_number(process, "heap.allocated_bytes");
	cr_expect(near(ringtail.allocations, valgrind.allocations, blocks),
	          "%s: %lld allocations, valgrind %lld, tolerance %lld", line, ringtail.allocations,
	          valgrind.allocations, blocks);
	cr_expect(near(ringtail.bytes, valgrind.bytes, bytes), "%s: %lld bytes, valgrind %lld, tolerance %lld", line,
	          ringtail.bytes, valgrind.bytes, bytes);
	rt_end(&rt);
}

#define VALGRIND(name, line, exe, blocks, bytes)                                                                       \
	Test(as_valgrind, name) { expect_as_valgrind(line, exe, blocks, bytes); }
#include "tests/e2e/tables/valgrind.def"
