#include "tests/torture/row.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- running the script ----------------------------------------------------------------- */

static void set_path(const char *name, const char *path)
{
	char absolute[PATH_MAX];

	cr_assert(realpath(path, absolute), "%s: no such directory", path);
	setenv(name, absolute, 1);
}

/* option: of `ringtail run`, and key: the same in RINGTAIL; or both empty. */
static void set_words(const char *name, enum mode mode, const struct rt *rt, const char *option, const char *key)
{
	char words[4 * RT_PATH] = "";

	if (mode == MODE_RUN)
		snprintf(words, sizeof words, "%s run %s -o %s --", rt_built("ringtail"), option, rt->run);
	else if (mode == MODE_PRELOAD)
		snprintf(words, sizeof words, "env LD_PRELOAD=%s RINGTAIL=%srun=%s", rt_built("libringtail.so"), key,
		         rt->run);
	setenv(name, words, 1);
}

/* RINGTAIL_TORTURE=races: every row looks for data races. */
static void set_watch(enum mode mode, const struct rt *rt)
{
	const char *shim = rt_built("libringtail.so"), *given = getenv("RINGTAIL_TORTURE");
	bool races = given && !strcmp(given, "races");

	set_words("watch", mode, rt, races ? "--races" : "", races ? "races=yes:" : "");
	set_words("watch_races", mode, rt, "--races", "races=yes:");
	setenv("shim", mode == MODE_BARE ? "" : shim, 1);
	setenv("run", rt->run, 1);
	setenv("build", rt_built(""), 1);
	setenv("programs", rt_built("programs"), 1);
	set_path("here", "tests/torture");
}

static void run_script(struct rt *rt, enum mode mode, const struct row *row)
{
	const char *argv[] = {"sh", "-c", row->script, NULL};

	*rt = rt_new();
	rt->timeout = row->timeout;
	set_watch(mode, rt);
	rt->program = spawn((struct command){.argv = argv, .directory = rt->work, .timeout = rt->timeout});
	cr_expect(!rt->program.timed_out, "%s: timed out: %s%s", row->name, rt->program.out, rt->program.err);
}

/* ---- what was observed --------------------------------------------------------------------- */

struct observed {
	long long processes, allocations, lost;
	char said[256]; /* the first of ringtail's lines */
};

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

static void find_said(const char *err, const char *wanted, char *said, size_t room)
{
	for (const char *line = err; *line; line = next_line(line)) {
		int length = (int)strcspn(line, "\n");
		if (strncmp(line, "ringtail: ", 10) ||
		    (said[0] && !memmem(line, (size_t)length, wanted, strlen(wanted))))
			continue;
		snprintf(said, room, "%.*s", length, line);
	}
}

static bool has_rings(const struct rt *rt)
{
	char script[RT_PATH + 64];
	const char *argv[] = {"sh", "-c", script, NULL};

	snprintf(script, sizeof script, "ls %s | grep -q '[.]ring$'", rt->run);
	struct outcome outcome = spawn((struct command){.argv = argv});
	bool found = outcome.status == 0;

	outcome_free(&outcome);
	return found;
}

/* Asks for sums alone: the report of a thousand processes is gigabytes of JSON. */
static void count_processes(struct rt *rt, struct observed *observed)
{
	struct outcome outcome;

	if (!has_rings(rt))
		return;
	outcome = rt_tool(
	    rt, "sql RUN --format csv 'select count(*), coalesce(sum(allocations), 0), coalesce(sum(events_lost), 0) "
	        "from process left join heap on heap.process = process.id'");
	cr_expect_eq(outcome.status, 0, "%s", outcome.err);
	const char *row = strchr(outcome.out, '\n');
	cr_expect(row &&
	              sscanf(row, "%lld,%lld,%lld", &observed->processes, &observed->allocations, &observed->lost) == 3,
	          "no sums: %s", outcome.out);
	outcome_free(&outcome);
}

/* Writes the line by one call, because rows run at the same time. */
static void note(const struct row *row, enum mode mode, const char *result)
{
	char line[2048];
	int fd = open(rt_built("torture.txt"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	int length = snprintf(line, sizeof line, "%-34s %-8s expected: %s; observed: %s\n", row->name,
	                      mode == MODE_RUN ? "run" : "preload", row->expected, result);

	if (length >= (int)sizeof line)
		length = sizeof line - 1;
	cr_expect(fd >= 0 && write(fd, line, (size_t)length) == length, "cannot note: %s", line);
	close(fd);
}

static void note_observed(const struct row *row, enum mode mode, const struct rt *bare, const struct rt *watched,
                          const struct observed *observed)
{
	bool same = !strcmp(bare->program.out, watched->program.out);
	char result[1024];

	snprintf(result, sizeof result,
	         "status %d (%d without ringtail), output %s (%zu bytes), %lld processes, %lld allocations, "
	         "%lld events lost%s%s",
	         watched->program.status, bare->program.status, same ? "the same" : "DIFFERS",
	         watched->program.out_bytes, observed->processes, observed->allocations, observed->lost,
	         observed->said[0] ? "; " : "", observed->said);
	note(row, mode, result);
}

/* ---- checking it against the row ------------------------------------------------------------ */

/* `ringtail run` always says how the program ended. */
static void expect_said(const struct row *row, enum mode mode, const struct observed *observed)
{
	if (*row->said)
		cr_expect(strstr(observed->said, row->said), "%s: ringtail does not say \"%s\": %s", row->name,
		          row->said, observed->said);
	else if (mode == MODE_PRELOAD)
		cr_expect_str_empty(observed->said, "%s: ringtail says: %s", row->name, observed->said);
}

static void expect_recorded(const struct row *row, const struct observed *observed)
{
	if (row->least == NOTHING)
		cr_expect_eq(observed->processes, 0, "%s: %lld processes recorded", row->name, observed->processes);
	if (row->least == SOME)
		cr_expect_gt(observed->processes, 0, "%s: nothing was recorded", row->name);
	if (row->least <= 0)
		return;
	cr_expect_geq(observed->allocations, row->least, "%s: %lld allocations recorded, %lld expected", row->name,
	              observed->allocations, row->least);
	cr_expect_eq(observed->lost, 0, "%s: %lld events lost", row->name, observed->lost);
}

static void expect_same_outcome(const struct row *row, const struct rt *bare, const struct rt *watched)
{
	cr_expect_eq(watched->program.status, bare->program.status, "%s: status %d, without ringtail %d: %s%s",
	             row->name, watched->program.status, bare->program.status, watched->program.out,
	             watched->program.err);
	expect_same_text(row->name, watched->program.out, bare->program.out);
}

void row_hold(enum mode mode, const struct row *row)
{
	struct rt bare, watched;
	struct observed observed = {0};

	run_script(&bare, MODE_BARE, row);
	if (bare.program.status == ROW_CANNOT) {
		note(row, mode, bare.program.err);
		rt_end(&bare);
		cr_skip_test("%s: not on this machine", row->name);
	}
	run_script(&watched, mode, row);
	find_said(watched.program.err, row->said, observed.said, sizeof observed.said);
	count_processes(&watched, &observed);
	note_observed(row, mode, &bare, &watched, &observed);
	expect_same_outcome(row, &bare, &watched);
	expect_recorded(row, &observed);
	expect_said(row, mode, &observed);
	rt_end(&bare);
	rt_end(&watched);
}
