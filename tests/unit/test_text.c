#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/stored_run.h"
#include "tools/render/render.h"
#include "tools/finding/kinds.h"
#include "tools/store/stack_place.h"
#include "tools/base/format.h"
#include "tools/render/text/page.h"
#include "tools/base/progress.h"

#define EXPECT_TEXT(call, expected) cr_expect_str_eq((call).text, expected)

/* ---- numbers ----------------------------------------------------------------------------- */

Test(format, counts_have_groups)
{
	EXPECT_TEXT(human_count(0), "0");
	EXPECT_TEXT(human_count(999), "999");
	EXPECT_TEXT(human_count(1000), "1,000");
	EXPECT_TEXT(human_count(1234567), "1,234,567");
	EXPECT_TEXT(human_count(UINT64_MAX), "18,446,744,073,709,551,615");
}

Test(format, bytes_have_units)
{
	EXPECT_TEXT(human_bytes(0), "0 B");
	EXPECT_TEXT(human_bytes(1023), "1023 B");
	EXPECT_TEXT(human_bytes(1024), "1.0 KiB");
	EXPECT_TEXT(human_bytes(1536), "1.5 KiB");
	EXPECT_TEXT(human_bytes(1048575), "1.0 MiB");
	EXPECT_TEXT(human_bytes(UINT64_C(123456789012)), "115 GiB");
	EXPECT_TEXT(human_bytes(UINT64_MAX), "16.0 EiB");
}

Test(format, times_have_units)
{
	EXPECT_TEXT(human_seconds(0), "0 s");
	EXPECT_TEXT(human_seconds(1.2e-7), "120 ns");
	EXPECT_TEXT(human_seconds(3.5e-4), "350 us");
	EXPECT_TEXT(human_seconds(0.0123), "12.3 ms");
	EXPECT_TEXT(human_seconds(1.239), "1.24 s");
	EXPECT_TEXT(human_seconds(200), "3 min 20 s");
	EXPECT_TEXT(human_seconds(7300), "2 h 1 min");
}

Test(format, shares_are_percent)
{
	EXPECT_TEXT(human_share(1, 3), "33.3%");
	EXPECT_TEXT(human_share(5, 5), "100%");
	EXPECT_TEXT(human_share(0, 0), "-");
}

static void expect_short(const char *name, size_t width, const char *expected)
{
	char out[512];

	shorten_function(name, width, out, sizeof(out));
	cr_expect_str_eq(out, expected);
	cr_expect_leq(strlen(out), width);
}

Test(format, long_names_lose_template_arguments_first)
{
	expect_short("f", 20, "f");
	expect_short("std::map<int, std::vector<int> >::insert", 39, "std::map<...>::insert");
	expect_short("a::map<int, a::vector<std::pair<int, char> > >::f", 40, "a::map<int, a::vector<...> >::f");
	expect_short("ns::S::operator<< <int>", 80, "ns::S::operator<< <int>");
}

/* Of a name that is longer than the buffer, the end is kept as of others. */
Test(format, a_small_buffer_takes_the_end_of_a_name)
{
	char out[25];

	shorten_function("node::inspector::(anonymous namespace)::StartIoThread", sizeof(out) - 1, out, sizeof(out));
	cr_expect_str_eq(out, "...::StartIoThread");
}

Test(format, namespaces_or_the_middle_go_last)
{
	expect_short("alpha::beta::gamma::delta", 20, "...::gamma::delta");
	expect_short("(anonymous namespace)::parse_request", 16, "parse_request");
	expect_short("alpha::a_name_that_is_longer_than_all", 16, "alph..._than_all");
	expect_short("<alpha::Beta<Gamma> as delta::Trait>::go", 30, "<alpha::B... delta::Trait>::go");
}

/* ---- the page ------------------------------------------------------------------------------ */

static char *buffer;
static size_t buffer_size;

static struct report page(unsigned width)
{
	return (struct report){.out = open_memstream(&buffer, &buffer_size), .width = width};
}

Test(page, paragraphs_are_broken_at_spaces)
{
	struct report report = page(20);

	page_paragraph(&report, 2, "one two three four five  six");
	fclose(report.out);
	cr_expect_str_eq(buffer, "  one two three four\n  five six\n");
	free(buffer);
}

Test(page, a_word_too_long_for_a_line_is_not_lost)
{
	struct report report = page(10);

	page_paragraph(&report, 2, "a 0123456789abcdef b");
	fclose(report.out);
	cr_expect_str_eq(buffer, "  a\n  0123456789abcdef\n  b\n");
	free(buffer);
}

Test(page, what_a_terminal_would_obey_is_not_printed)
{
	struct report report = page(80);

	page_text(&report, "a\033[2Jb\r");
	page_print(&report, "%s\n", "\033]0;x\007");
	fclose(report.out);
	cr_expect_str_eq(buffer, "a?[2Jb??]0;x?\n");
	free(buffer);
}

Test(page, color_only_where_asked)
{
	struct report report = page(80);

	page_paint(&report, PAINT_BAD, "x");
	report.color = true;
	page_paint(&report, PAINT_BAD, "\ny\n");
	fclose(report.out);
	cr_expect_str_eq(buffer, "x\n\033[1;31my\033[0m\n");
	free(buffer);
}

Test(page, bars_show_whatever_is_there)
{
	struct report report = page(80);

	page_bar(&report, 1, 1000000, 10);
	page_bar(&report, 0, 10, 10);
	page_bar(&report, 10, 10, 4);
	fclose(report.out);
	cr_expect_str_eq(buffer, "#####");
	free(buffer);
}

static char stderr_text[65536];

/* Expects that standard error contains text; "": that it is empty. */
static void expect_on_stderr(const char *text)
{
	FILE *file = cr_get_redirected_stderr();

	if (!*stderr_text) {
		int fd = fileno(file);
		ssize_t n;

		fflush(stderr);
		fcntl(fd, F_SETFL, O_NONBLOCK);
		n = read(fd, stderr_text, sizeof stderr_text - 1);
		stderr_text[n > 0 ? n : 0] = '\0';
	}
	cr_expect(*text ? strstr(stderr_text, text) != NULL : !*stderr_text, "%s", stderr_text);
}

static bool ends_in_erased_line(void)
{
	size_t length = strlen(stderr_text);

	return length > 4 && !strcmp(stderr_text + length - 4, "\r\033[K");
}

Test(progress, nothing_is_shown_of_short_work, .init = cr_redirect_stderr)
{
	struct progress progress;

	setenv("RINGTAIL_PROGRESS", "1", 1);
	progress_begin(&progress, "testing", 100);
	for (uint64_t i = 0; i < 100; i++)
		progress_update(&progress, i);
	progress_end(&progress);
	expect_on_stderr("");
}

/* A single call into a library may take all of the time, without a callback. */
Test(progress, slow_work_is_shown_without_a_step, .init = cr_redirect_stderr)
{
	struct progress outer, inner;

	setenv("RINGTAIL_PROGRESS", "1", 1);
	progress_begin(&outer, "outer", 100);
	progress_update(&outer, 7);
	progress_begin(&inner, "inner", 0);
	usleep(1300000);
	progress_end(&inner);
	usleep(300000);
	progress_end(&outer);
	expect_on_stderr("\rringtail: inner (1 s)\033[K");
	expect_on_stderr("\rringtail: outer: 7% of 100 (1 s)\033[K");
	cr_expect(ends_in_erased_line());
}

Test(progress, nothing_is_shown_while_silenced, .init = cr_redirect_stderr)
{
	struct progress progress;

	setenv("RINGTAIL_PROGRESS", "1", 1);
	progress_silence(true);
	progress_begin(&progress, "testing", 0);
	usleep(1300000);
	progress_say("a word\n");
	progress_end(&progress);
	expect_on_stderr("");
}

/* ---- which findings ---------------------------------------------------------------------------- */

Test(report, only_names_kinds_and_classes)
{
	struct report report = {.query.only = "leak,deadlock:realised"};
	const char *bad;

	cr_expect(query_wants(&report.query, "leak", "definite"));
	cr_expect(query_wants(&report.query, "deadlock", "realised"));
	cr_expect_not(query_wants(&report.query, "deadlock", "predicted"));
	cr_expect_not(query_wants(&report.query, "deadlock", NULL));
	cr_expect_not(query_wants(&report.query, "thread-leak", "unjoined"));
	cr_expect(kinds_valid("leak,misuse:double-free", &bad));
	cr_expect_not(kinds_valid("leak,lock", &bad));
	cr_expect_str_eq(bad, "lock");
	cr_expect_not(kinds_valid("", &bad));
}

/* ---- whole reports ------------------------------------------------------------------------------- */

static struct stored_run run;

static void make(void)
{
	struct process_end end = {.how = END_SIGNAL, .signal = 11};
	uint32_t stack;

	stored_run_make(&run);
	stack = stored_run_stack(&run, 3, place_allocate, place_work, place_start);
	for (uint64_t i = 0; i < 40; i++)
		stored_run_alloc(&run, 1, stack, 0x1000 + 0x100 * i, 100);
	stored_run_finish(&run, end);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
}

static void remove_run(void) { stored_run_remove(&run); }
TestSuite(text_report, .init = make, .fini = remove_run);

static void expect_in(const char *text, const char *part)
{
	cr_expect(strstr(text, part), "\"%s\" is missing in:\n%s", part, text);
}

static void expect_width(const char *text, size_t width)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
		cr_expect_leq(strcspn(line, "\n"), width, "too long: %.*s", (int)strcspn(line, "\n"), line);
}

/* live-at-death is information, and shown on request. */
static char *render_with_leaks(struct report report)
{
	report.query.only = "leak";
	return stored_run_render(&run, report, render_text);
}

Test(text_report, says_how_it_ended_what_leaked_and_where)
{
	char *text = render_with_leaks((struct report){.parts = PART_FINDINGS, .limit = 10});

	expect_in(text, "synthetic -x");
	expect_in(text, "killed by SIGSEGV");
	expect_in(text, "1,234,567 recorded, none lost");
	expect_in(text, "not done: the process crashed (SIGSEGV): its memory was gone");
	expect_in(text, "leak:live-at-death  3.9 KiB in 40 blocks");
	expect_in(text, "#0  place_allocate (stored_run.c:");
	expect_in(text, "#2  place_start (stored_run.c:");
	expect_width(text, 80);
	free(text);
	text = stored_run_render(&run, (struct report){.parts = PART_HEAP, .limit = 10}, render_text);
	expect_in(text, "3.9 KiB (4,000 bytes) in 40 blocks");
	expect_width(text, 80);
	free(text);
}

Test(text_report, what_has_no_name_is_module_and_offset)
{
	char *text;

	sqlite3_exec(run.store.db, "UPDATE frame SET function = NULL, file = NULL, line = NULL, offset = 4660", NULL,
	             NULL, NULL);
	sqlite3_exec(run.store.db, "UPDATE module SET path = '/usr/lib/libx.so.1'", NULL, NULL, NULL);
	text = render_with_leaks((struct report){.parts = PART_FINDINGS});
	expect_in(text, "#0  libx.so.1+0x1234\n");
	free(text);
	sqlite3_exec(run.store.db, "UPDATE frame SET function = 'f', module = NULL", NULL, NULL, NULL);
	text = render_with_leaks((struct report){.parts = PART_FINDINGS});
	expect_in(text, "#0  f\n");
	free(text);
}

/* What `ringtail names` does when names have come. */
static void change_frames(const char *change)
{
	sqlite3_exec(run.store.db, change, NULL, NULL, NULL);
	cr_assert(stack_places_again(run.store.db, 1));
}

/* Lists of places show callers of the standard library: its lock or allocator itself would tell nothing. */
Test(text_report, places_are_those_that_called_the_runtime)
{
	char *text;

	change_frames("UPDATE frame SET function = '__gthread_mutex_lock', role = 'runtime'"
	              " WHERE function = 'place_allocate'");
	text = stored_run_render(&run, (struct report){.parts = PART_HEAP, .limit = 10}, render_text);
	expect_in(text, " place_work (stored_run.c:");
	cr_expect_null(strstr(text, "__gthread_mutex_lock"), "%s", text);
	free(text);
}

Test(text_report, places_name_the_wrapper_that_was_called)
{
	char *text;

	change_frames("UPDATE frame SET function = 'xmalloc', role = 'allocates' WHERE function = 'place_allocate'");
	text = stored_run_render(&run, (struct report){.parts = PART_HEAP, .limit = 10}, render_text);
	expect_in(text, " xmalloc < place_work (stored_run.c:");
	free(text);
}

/* If no function acts for itself, the outermost is named. */
Test(text_report, a_place_is_named_though_all_of_it_is_wrappers)
{
	char *text;

	change_frames("UPDATE frame SET role = 'locks'");
	text = stored_run_render(&run, (struct report){.parts = PART_HEAP, .limit = 10}, render_text);
	expect_in(text, " place_start (stored_run.c:");
	free(text);
}

/* A frame for each letter, innermost first: s is the standard library's, p the program's, l takes a lock for its
 * caller. */
static char *render_deep(bool full, const char *change)
{
	unsigned count = (unsigned)strlen(change);
	struct frames frames = {.items = calloc(count, sizeof(struct frame)), .count = count};
	struct report report = page(80);
	char names[40][16];

	cr_assert_leq(count, 40);
	for (unsigned i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "%sf%u", change[i] == 's' ? "std::" : "", i);
		frames.items[i] = (struct frame){.function = names[i],
		                                 .into = -1,
		                                 .role = change[i] == 's'   ? ROLE_RUNTIME
		                                         : change[i] == 'l' ? ROLE_LOCKS
		                                                            : ROLE_OWN};
	}
	report.full_stacks = full;
	page_stack(&report, 0, &frames);
	fclose(report.out);
	free(frames.items);
	return buffer;
}

static void expect_deep(bool full, const char *change, const char *expected)
{
	char *text = render_deep(full, change);

	cr_expect_str_eq(text, expected);
	free(text);
}

Test(page, the_middle_of_a_long_row_of_library_frames_is_left_out)
{
	expect_deep(false, "pssssp", "#0  f0\n#1  std::f1\n#2  std::f2\n#3  std::f3\n#4  std::f4\n#5  f5\n");
	expect_deep(false, "psssssp",
	            "#0  f0\n#1  std::f1\n... 3 frames of the standard library (--full-stacks shows them) ...\n"
	            "#5  std::f5\n#6  f6\n");
	expect_deep(false, "sssss",
	            "#0  std::f0\n... 3 frames of the standard library (--full-stacks shows them) ...\n#4  "
	            "std::f4\n");
	expect_deep(true, "sssss", "#0  std::f0\n#1  std::f1\n#2  std::f2\n#3  std::f3\n#4  std::f4\n");
}

/* std::mutex::lock, within lock_guard's constructor: the number of the first frame shows that others are left out. */
Test(page, leading_frames_of_the_library_are_left_out)
{
	expect_deep(false, "ssspp", "#3  f3\n#4  f4\n");
	expect_deep(false, "lslsp", "#4  f4\n");
	expect_deep(false, "sp", "#0  std::f0\n#1  f1\n");
	expect_deep(true, "ssp", "#0  std::f0\n#1  std::f1\n#2  f2\n");
}

/* What std::thread calls a thread's function by. */
Test(page, outermost_frames_of_the_library_are_left_out)
{
	expect_deep(false, "ppsss", "#0  f0\n#1  f1\n");
	expect_deep(true, "ps", "#0  f0\n#1  std::f1\n");
}

Test(page, a_deep_stack_is_shown_by_its_ends)
{
	char *text = render_deep(false, "pppppppppppppppppppppppppp");

	expect_in(text, "#13 f13\n... 4 frames more (--full-stacks shows them) ...\n#18 f18\n");
	free(text);
	text = render_deep(false, "pppppppppppppppppppppppppssssssssssssp");
	expect_in(text, "#13 f13\n... 6 frames more (--full-stacks shows them) ...\n#20 f20\n");
	expect_in(text, "#25 std::f25\n... 10 frames of the standard library (--full-stacks shows them) "
	                "...\n#36 std::f36\n#37 f37\n");
	free(text);
	text = render_deep(false, "pppppppppppsssssssssssssppppppppppp");
	cr_expect_null(strstr(text, "frames more"), "%s", text);
	free(text);
}

Test(text_report, what_is_for_information_is_counted_by_kind)
{
	char *text;

	sqlite3_exec(run.store.db, "UPDATE finding SET class = 'reachable'", NULL, NULL, NULL);
	text = stored_run_render(&run, (struct report){.parts = PART_FINDINGS}, render_text);
	expect_in(text, "NO FINDINGS\n");
	expect_in(text, "\nFor information, shown by --only KIND:\n  1 leak:reachable\n");
	free(text);
}

Test(text_report, detail_has_rankings_and_sizes)
{
	char *text =
	    stored_run_render(&run, (struct report){.parts = PART_HEAP | PART_DETAIL, .limit = 10}, render_text);

	expect_in(text, "by bytes allocated");
	expect_in(text, "by calls");
	expect_in(text, "held at the peak");
	expect_in(text, "##########");
	expect_width(text, 80);
	free(text);
}

Test(text_report, only_leaves_the_rest_out)
{
	char *text = stored_run_render(
	    &run, (struct report){.parts = PART_FINDINGS | PART_HEAP, .query.only = "deadlock"}, render_text);

	expect_in(text, "NO FINDINGS of the kinds asked for");
	cr_expect_not(strstr(text, "HEAP"));
	free(text);
}

Test(text_report, a_broken_database_is_an_error_not_a_crash)
{
	char *text;

	sqlite3_exec(run.store.db, "DROP TABLE frame", NULL, NULL, NULL);
	text = render_with_leaks((struct report){.parts = PART_FINDINGS});
	expect_in(text, "failed: ");
	free(text);
}
