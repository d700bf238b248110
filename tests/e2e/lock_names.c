/* What locks are called that are in no variable: lock_names.def, in both modes, and in a hang. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(lock_names);

/* Writes the text with each line number of heap_locks.c replaced by LINE. */
static void without_lines(const char *text, char *out, size_t size)
{
	static const char file[] = "heap_locks.c:";
	size_t used = 0;

	while (*text && used + sizeof file + 4 < size) {
		if (strncmp(text, file, strlen(file))) {
			out[used++] = *text++;
			continue;
		}
		used += (size_t)snprintf(out + used, size - used, "%sLINE", file);
		for (text += strlen(file); isdigit((unsigned char)*text); text++)
			;
	}
	out[used] = '\0';
}

static void expect_row(const char *rows, const char *row)
{
	const char *found = strstr(rows, row);

	cr_expect(found && (found == rows || found[-1] == '\n'), "no row %s in:\n%s", row, rows);
}

static void expect_rows(struct rt *rt, const char *sql, const char *const *rows)
{
	struct outcome made = rt_tool(rt, sql);
	char text[4096];

	without_lines(made.out, text, sizeof text);
	for (; *rows; rows++)
		expect_row(text, *rows);
	outcome_free(&made);
}

static void expect_names(enum mode mode)
{
	static const char *const classes[] = {
#define CLASS(kind, function, count, name) kind "," function "," #count "," name "\r\n",
#define LOCK(kind, name)
#include "tests/e2e/tables/lock_names.def"
#undef CLASS
#undef LOCK
	    NULL};
	static const char *const locks[] = {
#define CLASS(kind, function, count, name)
#define LOCK(kind, name) kind "," name "\r\n",
#include "tests/e2e/tables/lock_names.def"
#undef CLASS
#undef LOCK
	    NULL};
	struct rt rt = rt_new();

	rt_program(&rt, mode, "heap_locks");
	expect_rows(&rt,
	            "sql --format csv RUN 'select c.kind, w.function, c.locks, c.name from lock_class c join v_where w"
	            " on w.process = c.process and w.stack = c.stack'",
	            classes);
	expect_rows(&rt, "sql --format csv RUN 'select kind, name from lock'", locks);
	rt_end(&rt);
}

Test(lock_names, locks_in_blocks_run) { expect_names(MODE_RUN); }
Test(lock_names, locks_in_blocks_preload) { expect_names(MODE_PRELOAD); }

Test(lock_names, told_in_the_table_of_locks)
{
	struct rt rt = rt_new();
	char text[8192];

	rt_program(&rt, MODE_RUN, "heap_locks");
	struct outcome locks = rt_tool(&rt, "locks RUN");
	without_lines(locks.out, text, sizeof text);
	cr_expect(
	    strstr(text, " 24 bytes into each block from conn_new (heap_locks.c:LINE), conn_new (heap_locks.c:LINE)\n"),
	    "%s", text);
	cr_expect(strstr(text, " table, use (heap_locks.c:LINE)\n"), "%s", text);
	outcome_free(&locks);
	rt_end(&rt);
}

/* The locks of a deadlock, while it lasts and in the report afterwards. */
Test(lock_names, of_a_deadlock_that_is_noticed)
{
	static const char name[] = " (24 bytes into the block from conn_new (heap_locks.c:LINE)),";
	struct rt rt = rt_new();
	char text[16384];

	rt_program_with(&rt, MODE_RUN, "--on-deadlock=kill", "heap_locks hang");
	cr_expect_eq(rt.program.status, 67, "status %d", rt.program.status);
	without_lines(rt.program.err, text, sizeof text);
	cr_expect(strstr(text, " (24 bytes into the block from conn_new"), "%s", text);
	struct outcome report = rt_tool(&rt, "report RUN --only deadlock");
	without_lines(report.out, text, sizeof text);
	cr_expect(strstr(text, name), "%s", text);
	outcome_free(&report);
	rt_end(&rt);
}
