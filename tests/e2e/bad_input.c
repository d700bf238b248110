/* Ring files that are not what they should be: exit 65 and one line, never a crash. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/format.h"
#include "tests/harness/rt.h"

TEST_SUITE(bad_input);

/* The only ring file of a run, as an absolute path; malloced. */
static char *ring_of(const struct rt *rt)
{
	DIR *directory = opendir(rt->run);
	struct dirent *entry;
	char *path = NULL;

	cr_assert(directory, "no run directory");
	while ((entry = readdir(directory))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && !strcmp(dot, ".ring"))
			cr_assert(asprintf(&path, "%s/%s", rt->run, entry->d_name) > 0);
	}
	closedir(directory);
	cr_assert(path, "no ring file in the run directory");
	return path;
}

static char *new_ring(struct rt *rt)
{
	*rt = rt_new();
	rt_program_with(rt, MODE_PRELOAD, "max=4M", "known_heap");
	return ring_of(rt);
}

static void write_at(const char *path, off_t offset, const void *bytes, size_t count)
{
	int fd = open(path, O_WRONLY);

	cr_assert(fd >= 0 && pwrite(fd, bytes, count, offset) == (ssize_t)count);
	close(fd);
}

static int lines(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void forget_report(const struct rt *rt)
{
	char path[RT_PATH + 32];

	snprintf(path, sizeof path, "%s/ringtail.db", rt->run);
	unlink(path);
}

static void expect_refused(struct rt *rt, const char *what)
{
	struct outcome outcome = rt_tool(rt, "report RUN");

	cr_expect_eq(outcome.status, 65, "%s: status %d: %s", what, outcome.status, outcome.err);
	cr_expect_eq(lines(outcome.err), 1, "%s: not one line: %s", what, outcome.err);
	cr_expect_eq(outcome.out_bytes, 0, "%s: %s", what, outcome.out);
	outcome_free(&outcome);
}

static void expect_no_crash(struct rt *rt, const char *what, long offset)
{
	struct outcome outcome = rt_tool(rt, "report RUN");

	cr_expect(outcome.status == 0 || outcome.status == 65, "%s at %ld: status %d: %s", what, offset, outcome.status,
	          outcome.err);
	outcome_free(&outcome);
	forget_report(rt);
}

Test(bad_input, the_ring_is_good_before)
{
	struct rt rt;
	char *ring = new_ring(&rt);

	cr_expect_eq(json_number(rt_process(&rt, "known_heap"), "heap.allocations"), 32);
	free(ring);
	rt_end(&rt);
}

Test(bad_input, truncated)
{
	static const off_t sizes[] = {0, 1, 7, 100, 4095, 4096, 5000, 65536, 1000001};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rt rt;
		char *ring = new_ring(&rt);

		cr_assert_eq(truncate(ring, sizes[i]), 0);
		expect_refused(&rt, "truncated");
		free(ring);
		rt_end(&rt);
	}
}

Test(bad_input, zeroed)
{
	static const char zeros[4096];
	struct rt rt;
	char *ring = new_ring(&rt);

	write_at(ring, 0, zeros, sizeof zeros);
	expect_refused(&rt, "header zeroed");
	free(ring);
	rt_end(&rt);
}

Test(bad_input, foreign)
{
	struct rt rt;
	char *ring = new_ring(&rt);
	FILE *file = fopen(ring, "w");

	for (int i = 0; i < 10000; i++)
		fprintf(file, "this is no ring file, but somebody's text, line %d\n", i);
	fclose(file);
	expect_refused(&rt, "foreign");
	free(ring);
	rt_end(&rt);
}

Test(bad_input, not_a_file)
{
	struct rt rt;
	char *ring = new_ring(&rt);

	unlink(ring);
	cr_assert_eq(mkdir(ring, 0700), 0);
	expect_refused(&rt, "a directory");
	free(ring);
	rt_end(&rt);
}

/* The fields that identify the file for a reader. */
Test(bad_input, flipped_in_the_header)
{
	static const struct {
		const char *name;
		off_t offset;
	} fields[] = {
	    {"magic", offsetof(struct rt_header, magic)},
	    {"version", offsetof(struct rt_header, version)},
	    {"header_bytes", offsetof(struct rt_header, header_bytes)},
	    {"file_bytes", offsetof(struct rt_header, file_bytes) + 5},
	    {"arch", offsetof(struct rt_header, arch)},
	    {"modules.offset", offsetof(struct rt_header, modules.offset) + 5},
	    {"modules.count", offsetof(struct rt_header, modules.count) + 5},
	    {"pcs.offset", offsetof(struct rt_header, pcs.offset) + 5},
	    {"pcs.count", offsetof(struct rt_header, pcs.count) + 5},
	    {"nodes.offset", offsetof(struct rt_header, nodes.offset) + 5},
	    {"nodes.count", offsetof(struct rt_header, nodes.count) + 5},
	    {"chunks_offset", offsetof(struct rt_header, chunks_offset) + 5},
	    {"chunk_bytes", offsetof(struct rt_header, chunk_bytes) + 3},
	    {"chunk_count", offsetof(struct rt_header, chunk_count) + 3},
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct rt rt;
		char *ring = new_ring(&rt);

		write_at(ring, fields[i].offset, "\x5a", 1);
		expect_refused(&rt, fields[i].name);
		free(ring);
		rt_end(&rt);
	}
}

/* Elsewhere a flipped bit may turn an event into another valid one, but must cause no crash and no endless loop. */
Test(bad_input, flipped_anywhere, .timeout = 120)
{
	struct rt rt;
	char *ring = new_ring(&rt);
	struct rt_header header;
	int fd = open(ring, O_RDWR);

	cr_assert(pread(fd, &header, sizeof header, 0) == sizeof header);
	srand(1);
	for (int i = 0; i < 120; i++) {
		off_t starts[] = {0, (off_t)header.modules.offset, (off_t)header.pcs.offset, (off_t)header.nodes.offset,
		                  (off_t)header.chunks_offset};
		off_t offset = starts[i % 5] + rand() % 600;
		unsigned char byte, flipped;

		cr_assert(pread(fd, &byte, 1, offset) == 1);
		flipped = byte ^ (unsigned char)(1 << rand() % 8);
		cr_assert(pwrite(fd, &flipped, 1, offset) == 1);
		expect_no_crash(&rt, "flipped", (long)offset);
		cr_assert(pwrite(fd, &byte, 1, offset) == 1);
	}
	close(fd);
	free(ring);
	rt_end(&rt);
}

Test(bad_input, no_run_at_all)
{
	struct rt rt = rt_new();
	struct outcome outcome;

	expect_refused(&rt, "no such directory");
	outcome = rt_tool(&rt, "report");
	cr_expect_eq(outcome.status, 65, "no run here: status %d: %s", outcome.status, outcome.err);
	cr_expect_eq(lines(outcome.err), 1, "no run here: %s", outcome.err);
	outcome_free(&outcome);
	cr_assert_eq(mkdir(rt.run, 0700), 0);
	expect_refused(&rt, "an empty directory");
	rt_end(&rt);
}

/* ---- RINGTAIL --------------------------------------------------------------------------------- */

static void expect_ignored(const char *key, const char *message)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_PRELOAD, key, "known_heap");
	cr_expect_eq(rt.program.status, 0);
	cr_expect_str_eq(rt.program.err, message, "RINGTAIL=%s: %s", key, rt.program.err);
	expect_sound_heap(rt_process(&rt, "known_heap"));
	rt_end(&rt);
}

/* The message names the key, its value and the valid values; the program runs and is recorded all the same. */
Test(bad_input, in_the_environment)
{
#define IGNORED "ringtail: a part of RINGTAIL is ignored: "
	expect_ignored("stacks=ful", IGNORED "stacks takes full, caller or none, not \"ful\"\n");
	expect_ignored("on-full=explode", IGNORED "on-full takes wait, drop or overwrite, not \"explode\"\n");
	expect_ignored("depth=0", IGNORED "depth takes a number from 1 to 4096, not \"0\"\n");
	expect_ignored("max=12Q", IGNORED "max takes a size like 512K, 64M or 1G, not \"12Q\"\n");
	expect_ignored("heap=perhaps", IGNORED "heap takes yes or no, not \"perhaps\"\n");
	expect_ignored("dephts=3", IGNORED "there is no key dephts\n");
	expect_ignored("quiet=yes", ""); /* a key of the tool's */
}
