/* What a run leaves on the disk: ring files as large as what they hold, however large they were made. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness/rt.h"

TEST_SUITE(ring_size);

#define MADE_BYTES (INT64_C(64) << 20) /* a ring file is made larger than this */
#define CUT_BYTES  (INT64_C(8) << 20)  /* and is cut to less, if its program did little */

/* The apparent bytes of the run's ring files; *files: how many there are. */
static int64_t ring_bytes(const struct rt *rt, unsigned *files)
{
	DIR *directory = opendir(rt->run);
	struct dirent *entry;
	int64_t bytes = 0;

	*files = 0;
	cr_assert_not_null(directory);
	while ((entry = readdir(directory))) {
		char path[2 * RT_PATH];
		struct stat status;

		cr_expect_null(strstr(entry->d_name, ".cut."), "left over: %s", entry->d_name);
		if (!strstr(entry->d_name, ".ring"))
			continue;
		snprintf(path, sizeof path, "%s/%s", rt->run, entry->d_name);
		cr_assert_eq(stat(path, &status), 0);
		bytes += status.st_size;
		++*files;
	}
	closedir(directory);
	return bytes;
}

static void expect_cut(const struct rt *rt)
{
	unsigned files;
	int64_t bytes = ring_bytes(rt, &files);

	cr_expect_gt(files, 0);
	cr_expect_lt(bytes, CUT_BYTES * files);
}

/* The events are the same before and after: the reader understands cut files. */
static void expect_events(struct rt *rt)
{
	struct outcome events = rt_tool(rt, "events RUN");

	cr_expect_eq(events.status, 0, "%s", events.err);
	cr_expect_not_null(strstr(events.out, " malloc 0x"));
	outcome_free(&events);
}

Test(ring_size, of_a_run)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "known_heap");
	expect_cut(&rt);
	expect_events(&rt);
	rt_end(&rt);
}

Test(ring_size, of_a_run_of_several_images)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "sh -c 'env true; env true; exec env true'");
	expect_cut(&rt);
	rt_end(&rt);
}

Test(ring_size, with_the_library_alone_until_and_after_the_first_report)
{
	struct rt rt = rt_new();
	unsigned files;

	rt_program(&rt, MODE_PRELOAD, "known_heap");
	cr_expect_gt(ring_bytes(&rt, &files), MADE_BYTES);
	rt_process(&rt, "known_heap");
	expect_cut(&rt);
	expect_events(&rt);
	rt_end(&rt);
}
