/* Too little memory, disk, descriptors, rights: limits.def; and what does not fit is said to be missing. */
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

/* sh is there twice: once for the limit, once as what is limited. */
static void expect_unbroken(const char *limit, const char *program, const char *options)
{
	struct rt bare = rt_new(), watched = rt_new();
	char line[2 * RT_PATH], name[64];

	snprintf(name, sizeof name, "programs/%.*s", (int)strcspn(program, " "), program);
	snprintf(line, sizeof line, "sh -c '%s; exec %s%s'", limit, rt_built(name), program + strcspn(program, " "));
	rt_program(&bare, WAY_BARE, line);
	rt_program_with(&watched, WAY_PRELOAD, options, line);
	cr_expect_eq(bare.program.status, 0, "%s: status %d without ringtail: %s", line, bare.program.status,
	             bare.program.err);
	cr_expect_eq(watched.program.status, bare.program.status, "%s: status %d: %s", line, watched.program.status,
	             watched.program.err);
	expect_same_text("stdout", watched.program.out, bare.program.out);
	cr_expect_leq(lines(watched.program.err), 2, "%s: stderr: %s", line, watched.program.err);
	rt_end(&bare);
	rt_end(&watched);
}

#define LIMITED(name, limit, program, options)                                                               \
	Test(limits, name) { expect_unbroken(limit, program, options); }
#include "tests/e2e/tables/limits.def"

/* A full disk, where this machine lets us have a small one. */
Test(limits, full_disk)
{
	struct rt rt = rt_new();
	char script[4 * RT_PATH];
	const char *argv[] = { "unshare", "-m", "sh", "-c", script, NULL };
	struct outcome outcome;

	snprintf(script, sizeof script,
	         "mount -t tmpfs -o size=256k none %s || exit 77; cd %s; "
	         "LD_PRELOAD=%s RINGTAIL=run=%s/run %s 100000",
	         rt.work, rt.work, rt_built("libringtail.so"), rt.work, rt_built("programs/ten_million"));
	outcome = spawn((struct command){ .argv = argv });
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

	rt_program_with(&rt, WAY_PRELOAD, "max=16M", "ten_million");
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
