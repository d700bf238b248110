/* Too little memory, disk, descriptors, rights: limits.def; and events that do not fit are reported as lost. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(limits);

static int lines(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* sh runs twice: one sets the limit, the other is the limited program. */
static void expect_unbroken(const char *limit, const char *program, const char *options)
{
	struct rt bare = rt_new(), watched = rt_new();
	char line[2 * RT_PATH], name[64];

	snprintf(name, sizeof name, "programs/%.*s", (int)strcspn(program, " "), program);
	snprintf(line, sizeof line, "sh -c '%s; exec %s%s'", limit, rt_built(name), program + strcspn(program, " "));
	rt_program(&bare, MODE_BARE, line);
	rt_program_with(&watched, MODE_PRELOAD, options, line);
	cr_expect_eq(bare.program.status, 0, "%s: status %d without ringtail: %s", line, bare.program.status,
	             bare.program.err);
	cr_expect_eq(watched.program.status, bare.program.status, "%s: status %d: %s", line, watched.program.status,
	             watched.program.err);
	expect_same_text("stdout", watched.program.out, bare.program.out);
	cr_expect_leq(lines(watched.program.err), 2, "%s: stderr: %s", line, watched.program.err);
	rt_end(&bare);
	rt_end(&watched);
}

#define LIMITED(name, limit, program, options)                                                                         \
	Test(limits, name) { expect_unbroken(limit, program, options); }
#include "tests/e2e/tables/limits.def"

/* ---- a limit of address space ----------------------------------------------------------------------- */

/* "to_the_limit ARGUMENTS" behind the words of a shell, bare and watched. */
struct to_the_limit {
	struct rt bare, watched;
};

static struct to_the_limit go(enum mode mode, const char *limit, const char *arguments)
{
	struct to_the_limit both = {rt_new(), rt_new()};
	char line[2 * RT_PATH];

	snprintf(line, sizeof line, "sh -c '%s; exec %s %s'", limit, rt_built("programs/to_the_limit"), arguments);
	rt_program(&both.bare, MODE_BARE, line);
	rt_program(&both.watched, mode, line);
	cr_expect_eq(both.bare.program.status, 0, "%s: %s", line, both.bare.program.out);
	cr_expect_eq(both.watched.program.status, 0, "%s: %s", line, both.watched.program.out);
	cr_expect_gt(json_number(rt_process(&both.watched, "to_the_limit"), "events.recorded"), 0);
	return both;
}

static void end(struct to_the_limit *both)
{
	rt_end(&both->bare);
	rt_end(&both->watched);
}

/* The program gets neither a page more nor a page less than without ringtail. */
static void expect_as_much(enum mode mode, const char *limit, const char *arguments)
{
	struct to_the_limit both = go(mode, limit, arguments);

	expect_same_text(arguments, both.watched.program.out, both.bare.program.out);
	end(&both);
}

/* A hard limit that was set before the program starts cannot be raised.  The program has less by the shim's memory: a
 * sixteenth at most. */
static void expect_nearly_as_much(enum mode mode, unsigned long mib, const char *arguments)
{
	char limit[64];

	snprintf(limit, sizeof limit, "ulimit -v %lu", mib << 10);
	struct to_the_limit both = go(mode, limit, arguments);
	unsigned long bare = strtoul(both.bare.program.out, NULL, 10);
	unsigned long watched = strtoul(both.watched.program.out, NULL, 10);
	cr_expect(watched <= bare && bare - watched <= (mib << 20) / 4096 / 16, "%lu pages of %lu", watched, bare);
	end(&both);
}

#define AS_MUCH(name, limit, arguments)                                                                                \
	Test(limits, name##_run) { expect_as_much(MODE_RUN, limit, arguments); }                                       \
	Test(limits, name##_preload) { expect_as_much(MODE_PRELOAD, limit, arguments); }
#define NEARLY_AS_MUCH(name, mib, arguments)                                                                           \
	Test(limits, name##_run) { expect_nearly_as_much(MODE_RUN, mib, arguments); }                                  \
	Test(limits, name##_preload) { expect_nearly_as_much(MODE_PRELOAD, mib, arguments); }
#include "tests/e2e/tables/address_space.def"

/* However it is started, a program inherits the limit that its parent sees, and may raise it as far. */
static void expect_same_limits(enum mode mode)
{
	struct rt bare = rt_new(), watched = rt_new();

	rt_program(&bare, MODE_BARE, "passes_limits_on");
	rt_program(&watched, mode, "passes_limits_on");
	cr_expect_eq(bare.program.status, 0, "%s", bare.program.out);
	expect_same_text("limits", watched.program.out, bare.program.out);
	rt_end(&bare);
	rt_end(&watched);
}

Test(limits, passed_on_run) { expect_same_limits(MODE_RUN); }
Test(limits, passed_on_preload) { expect_same_limits(MODE_PRELOAD); }

/* The size that a program reads for itself is hardly larger with ringtail. */
Test(limits, size_in_memory)
{
	struct rt bare = rt_new(), watched = rt_new();

	rt_program(&bare, MODE_BARE, "to_the_limit size");
	rt_program(&watched, MODE_PRELOAD, "to_the_limit size");
	long long more = atoll(watched.program.out) - atoll(bare.program.out);
	cr_expect(more > 0 && more < 2 << 20, "%lld bytes more than %s", more, bare.program.out);
	rt_end(&bare);
	rt_end(&watched);
}

/* A full disk, if this machine allows to mount a small one. */
Test(limits, full_disk)
{
	struct rt rt = rt_new();
	char script[4 * RT_PATH];
	const char *argv[] = {"unshare", "-m", "sh", "-c", script, NULL};
	struct outcome outcome;

	snprintf(script, sizeof script,
	         "mount -t tmpfs -o size=256k none %s || exit 77; cd %s; "
	         "LD_PRELOAD=%s RINGTAIL=run=%s/run %s 100000",
	         rt.work, rt.work, rt_built("libringtail.so"), rt.work, rt_built("programs/ten_million"));
	outcome = spawn((struct command){.argv = argv});
	if (outcome.status != 77 && outcome.status != 1) {
		cr_expect_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
		cr_expect_eq(strncmp(outcome.out, "allocations=100000 ", 19), 0, "%s", outcome.out);
	}
	outcome_free(&outcome);
	rt_end(&rt);
}

/* Ten million events in a ring of 16 MiB: the oldest are gone, and the report says how many and that its numbers
 * are not the whole. */
Test(limits, overwritten_events_are_counted)
{
	struct rt rt = rt_new();
	json_t *process;
	char *findings;
	long long recorded, lost;

	rt_program_with(&rt, MODE_PRELOAD, "max=16M", "ten_million");
	process = rt_process(&rt, "ten_million");
	recorded = json_number(process, "events.recorded");
	lost = json_number(process, "events.lost");
	findings = findings_summary(process, false);
	cr_expect_gt(lost, 1000000, "%lld lost", lost);
	cr_expect(recorded + lost >= 10000000 && recorded + lost < 10000100, "%lld recorded, %lld lost", recorded,
	          lost);
	cr_expect(strstr(findings, "loss:events="), "loss is silent: %s", findings);
	free(findings);
	rt_end(&rt);
}
