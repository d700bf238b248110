/* The disk is full or read-only: the program does not notice, and nothing that is not known is reported as clean.
 * Needs the right to mount. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(full_disk);

/* Mounts of this test's own process and its children. */
static bool may_mount(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* Puts RUN on a disk of its own of that size; false: this machine does not allow that. */
static bool small_disk(struct rt *rt, const char *size)
{
	char disk[RT_PATH], option[32];

	snprintf(disk, sizeof disk, "%.200s/disk", rt->root);
	snprintf(option, sizeof option, "size=%s", size);
	cr_assert(mkdir(disk, 0700) == 0);
	if (!may_mount() || mount("none", disk, "tmpfs", 0, option))
		return false;
	snprintf(rt->run, sizeof rt->run, "%.200s/disk/run", rt->root);
	return true;
}

static void end(struct rt *rt)
{
	char disk[RT_PATH];

	snprintf(disk, sizeof disk, "%.200s/disk", rt->root);
	umount2(disk, MNT_DETACH);
	rt_end(rt);
}

static void expect_said(const char *err, const char *const *texts, bool said)
{
	for (; *texts; texts++)
		cr_expect_eq(strstr(err, *texts) != NULL, said, "\"%s\" is %ssaid: %s", *texts, said ? "not " : "",
		             err);
}

static const char *const clean[] = {"nothing found", "none lost", "check passed", NULL};

static void expect_program(struct rt *rt, int status)
{
	cr_expect_eq(rt->program.status, status, "status %d, not %d: %s", rt->program.status, status, rt->program.err);
	expect_same_text("stdout", rt->program.out, "output line\n");
}

static void expect_lost_blocks(struct rt *rt, const char *expected)
{
	char *findings = findings_summary(rt_process(rt, "fills_disk"), true);

	cr_expect(strstr(findings, expected), "%s", findings);
	free(findings);
}

/* ---- the ring leaves room, or gives it back --------------------------------------------------------------- */

static void expect_all_kept(const char *size, const char *program)
{
	struct rt rt = rt_new();

	if (small_disk(&rt, size)) {
		rt_program_with(&rt, MODE_RUN, "--fail-on=leak", program);
		expect_program(&rt, 66);
		expect_said(rt.program.err, (const char *const[]){"none lost", "check failed", NULL}, true);
		expect_lost_blocks(&rt, "leak:definite=10");
	}
	end(&rt);
}

Test(full_disk, ring_leaves_room_for_the_database) { expect_all_kept("8m", "fills_disk"); }
/* In these two, all events fit into the ring, however late they are read. */
Test(full_disk, ring_leaves_room_on_a_tiny_disk) { expect_all_kept("1m", "fills_disk 8000"); }
/* The ring and the database together are larger than that. */
Test(full_disk, ring_gives_its_room_to_the_database) { expect_all_kept("400k", "fills_disk 2000"); }

/* The library alone takes only a part of the free space. */
Test(full_disk, library_alone_leaves_room_for_the_program)
{
	struct rt rt = rt_new();
	struct statvfs disk;

	if (small_disk(&rt, "16m")) {
		rt_program(&rt, MODE_PRELOAD, "fills_disk 1000000");
		expect_program(&rt, 5);
		cr_assert(statvfs(rt.run, &disk) == 0);
		cr_expect_gt(disk.f_bavail, disk.f_blocks / 2, "%lu of %lu blocks are free", disk.f_bavail,
		             disk.f_blocks);
		expect_lost_blocks(&rt, "leak:definite=10"); /* younger than all events that were overwritten */
	}
	end(&rt);
}

/* ---- no room at all ----------------------------------------------------------------------------------------- */

/* Whether the disk has room at the end depends on how much of the database was written before. */
static char *fill_line(const struct rt *rt, char line[2 * RT_PATH])
{
	snprintf(line, 2 * RT_PATH, "fills_disk 100 %.200s/disk/filler", rt->root);
	return line;
}

/* The program has filled the disk: the findings are known all the same. */
Test(full_disk, results_are_judged_without_a_database)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	if (small_disk(&rt, "4m")) {
		rt_program_with(&rt, MODE_RUN, "--fail-on=leak", fill_line(&rt, line));
		expect_program(&rt, 66);
		expect_said(rt.program.err, (const char *const[]){"leak:definite: 7770 bytes", NULL}, true);
	}
	end(&rt);
}

Test(full_disk, status_is_the_programs_without_a_check)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	if (small_disk(&rt, "4m")) {
		rt_program(&rt, MODE_RUN, fill_line(&rt, line));
		expect_program(&rt, 5);
		expect_said(rt.program.err, (const char *const[]){"1 leak:definite", NULL}, true);
	}
	end(&rt);
}

Test(full_disk, report_answers_from_memory)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	if (small_disk(&rt, "4m")) {
		rt_program(&rt, MODE_PRELOAD, fill_line(&rt, line));
		expect_program(&rt, 5);
		const json_t *process = rt_process(&rt, "fills_disk");
		char *findings = findings_summary(process, true);
		cr_expect(strstr(findings, "leak:live-at-death"), "%s", findings);
		cr_expect(strstr(json_text(process, "leak_scan.why_not"),
		                 "could not be written into the run: No space left on device"));
		cr_expect(strstr(rt.report.err, "the results are in memory only"), "%s", rt.report.err);
		free(findings);
	}
	end(&rt);
}

/* The disk is full before the first event is recorded. */
Test(full_disk, what_is_lost_is_not_clean)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	if (small_disk(&rt, "4m")) {
		rt_program_with(&rt, MODE_RUN, "--fail-on=leak", strcat(fill_line(&rt, line), " first"));
		expect_program(&rt, 70);
		expect_said(rt.program.err, clean, false);
		expect_said(rt.program.err, (const char *const[]){"the check could not be made: ", NULL}, true);
		struct outcome outcome = rt_tool(&rt, "check RUN --fail-on leak");
		cr_expect_eq(outcome.status, 70, "status %d: %s", outcome.status, outcome.err);
		outcome_free(&outcome);
	}
	end(&rt);
}

static void fill_before(const struct rt *rt)
{
	char path[RT_PATH];
	static char block[1 << 20];

	snprintf(path, sizeof path, "%.200s/disk/filler", rt->root);
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (file >= 0 && write(file, block, sizeof block) > 0)
		;
	close(file);
	cr_assert(mkdir(rt->run, 0700) == 0);
}

static void expect_not_recorded(const char *options, int status, const char *said)
{
	struct rt rt = rt_new();

	if (small_disk(&rt, "1m")) {
		fill_before(&rt);
		rt_program_with(&rt, MODE_RUN, options, "fills_disk 100");
		expect_program(&rt, status);
		expect_said(rt.program.err, clean, false);
		cr_expect(strstr(rt.program.err, said), "\"%s\" is not said: %s", said, rt.program.err);
	}
	end(&rt);
}

Test(full_disk, what_is_not_recorded_is_not_clean) { expect_not_recorded("", 5, "nothing was recorded"); }
Test(full_disk, what_is_not_recorded_cannot_be_checked)
{
	expect_not_recorded("--fail-on=default", 70, "the check could not be made: nothing was recorded");
}

/* ---- other reasons not to write ------------------------------------------------------------------------------ */

Test(full_disk, limit_of_file_sizes)
{
	struct rt rt = rt_new();
	char script[4 * RT_PATH];
	const char *argv[] = {"bash", "-c", script, NULL};

	snprintf(script, sizeof script,
	         "ulimit -S -f 40; exec %s run -o %s --fail-on=leak -- sh -c 'ulimit -S -f unlimited; exec %s 100'",
	         rt_built("ringtail"), rt.run, rt_built("programs/fills_disk"));
	rt.program = spawn((struct command){.argv = argv, .directory = rt.work});
	expect_program(&rt, 66);
	expect_said(rt.program.err,
	            (const char *const[]){"leak:definite: 7770 bytes", "the results could not be stored: ", NULL},
	            true);
	rt_end(&rt);
}

Test(full_disk, run_that_is_read_only)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_PRELOAD, "fills_disk 100");
	if (may_mount() && !mount(rt.run, rt.run, NULL, MS_BIND, NULL) &&
	    !mount(NULL, rt.run, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL)) {
		expect_lost_blocks(&rt, "leak:definite=10");
		cr_expect(strstr(rt.report.err, "the results are in memory only"), "%s", rt.report.err);
		struct outcome outcome = rt_tool(&rt, "check RUN --fail-on leak");
		cr_expect_eq(outcome.status, 66, "status %d: %s", outcome.status, outcome.err);
		outcome_free(&outcome);
		umount2(rt.run, MNT_DETACH);
	}
	rt_end(&rt);
}
