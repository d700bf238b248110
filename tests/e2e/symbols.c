/* The names of frames, for every way in which a binary can lack its names: symbols.def. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(symbols);

/* ---- scripts --------------------------------------------------------------------------------- */

#define SKIP 77

static struct outcome shell(const struct rt *rt, const char *script)
{
	static const char start[] = "set -e; C=data/symbols; R=";
	char *whole;
	struct outcome outcome;

	cr_assert_geq(asprintf(&whole, "%s%s; T=%s; %s", start, rt->run, rt_built("ringtail"), script), 0);
	outcome =
	    spawn((struct command){.argv = (const char *const[]){"sh", "-c", whole, NULL}, .directory = rt->work});
	free(whole);
	return outcome;
}

/* Runs the script.  Skips the test, with a message, if the script ends with 77 because a tool is missing. */
static void must_run(const struct rt *rt, const char *script)
{
	struct outcome outcome = shell(rt, script);
	int status = outcome.status;

	cr_assert(!status || status == SKIP, "%s: status %d: %s", script, status, outcome.err);
	outcome_free(&outcome);
	if (status == SKIP)
		cr_skip_test("SKIPPED: not possible here: %s", script);
}

static void run_program(struct rt *rt, const char *line)
{
	rt_program(rt, MODE_PRELOAD, line);
	cr_assert_eq(rt->program.status, 0, "%s: status %d: %s", line, rt->program.status, rt->program.err);
}

/* ---- frames ------------------------------------------------------------------------------------ */

/* The frames of the block of 4242 bytes as `ringtail events --stacks` prints them, one a line. */
static char *frames_of_block(const char *events)
{
	const char *at = strstr(events, " size=4242 "), *from = at ? strchr(at, '\n') : NULL, *to = from;

	cr_assert(from, "no block of 4242 bytes: %s", events);
	while (to[1] == ' ')
		to = strchr(to + 1, '\n');
	return strndup(from + 1, (size_t)(to - from));
}

/* "std::map<...>": its arguments are the standard library's business. */
static void shorten_map(char *name)
{
	char *from = strstr(name, "std::map<"), *to = strstr(name, " const&)::");

	if (from && to) {
		memmove(from + 12, to - 1, strlen(to - 1) + 1);
		memcpy(from, "std::map<...", 12);
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && !strcmp(text + length - wanted, end);
}

/* Removes `end` from the end of the line; true if it was there. */
static bool cut(char *line, const char *end)
{
	bool there = ends_with(line, end);

	if (there)
		line[strlen(line) - strlen(end)] = '\0';
	return there;
}

/* A printed line, "    name[+0xN] /path:LINE|/path+0xN[ (deleted)][ (inlined)]", as symbols.def has it. */
static void describe(char *line, char *out, size_t size)
{
	bool inlined = cut(line, " (inlined)"), deleted = cut(line, " (deleted)"), changed = cut(line, " (changed)");
	char *place = strrchr(line, ' '), *number = strrchr(place, ':'), *plus;
	char *name = line + strspn(line, " ");

	*place++ = '\0';
	plus = strstr(name, "+0x");
	if (plus)
		*plus = '\0';
	shorten_map(name);
	cr_expect(number || strstr(place, "+0x"), "neither line nor offset: %s %s", name, place);
	snprintf(out, size, "%s%s%s%s%s", name, plus ? "+N" : "", number && !plus ? number : "", inlined ? "^" : "",
	         deleted   ? "(deleted)"
	         : changed ? "(changed)"
	                   : "");
}

/* The frames of the program, up to main. */
static char *described_frames(const char *events)
{
	char *frames = frames_of_block(events), *all = strdup(""), *longer;
	bool ended = false;

	for (char *line = strtok(frames, "\n"); line && !ended; line = strtok(NULL, "\n")) {
		char one[4096];

		if (strstr(line, "libc.so") || strstr(line, "/libc_start_call_main.h") ||
		    strstr(line, "/libc-start.c") || strstr(line, "   _start"))
			continue;
		describe(line, one, sizeof one);
		ended = !strncmp(one, "main:", 5) || !strncmp(one, "main+", 5);
		cr_assert_geq(asprintf(&longer, "%s%s%s", all, *all ? " " : "", one), 0);
		free(all);
		all = longer;
	}
	free(frames);
	return all;
}

/* "... x y ...": x y are there, in this order and with nothing between them. */
static void expect_frames(const char *events, const char *expected)
{
	char *frames = described_frames(events), *middle = NULL;

	if (!strncmp(expected, "... ", 4)) {
		middle = strndup(expected + 4, strlen(expected) - 8);
		cr_expect(strstr(frames, middle), "frames are\n  %s\nand not\n  %s", frames, expected);
	} else {
		cr_expect(!strcmp(frames, expected), "frames are\n  %s\nand not\n  %s", frames, expected);
	}
	free(middle);
	free(frames);
}

static struct outcome events_of(struct rt *rt, const char *before)
{
	char script[1024];
	struct outcome events;

	snprintf(script, sizeof script, "%s $T events $R --stacks", before);
	events = shell(rt, script);
	cr_assert_eq(events.status, 0, "%s: %s", script, events.err);
	return events;
}

static void expect_names(const char *make, const char *after, const char *expected)
{
	struct rt rt = rt_new();
	struct outcome events;

	must_run(&rt, make);
	run_program(&rt, "./prog");
	must_run(&rt, after);
	events = events_of(&rt, "");
	expect_frames(events.out, expected);
	outcome_free(&events);
	rt_end(&rt);
}

#define SYMBOLS(name, make, after, expected)                                                                           \
	Test(symbols, name) { expect_names(make, after, expected); }
#include "tests/e2e/tables/symbols.def"

/* What follows uses the table's SPLIT, ALL and NOTHING.  $B: the build id of prog. */
#define BUILD_ID "B=$(readelf -n prog | sed -n 's/.*Build ID: //p'); [ ${#B} -eq 40 ]; "

/* Debug packages install files there.  Only this test uses the directory, and removes it. */
Test(symbols, debug_file_of_build_id)
{
	struct rt rt = rt_new();
	struct outcome events;

	must_run(&rt, "unshare -m true 2>/dev/null && mkdir -p /usr/lib/debug || exit 77");
	must_run(&rt, SPLIT);
	run_program(&rt, "./prog");
	events = events_of(&rt, BUILD_ID
	                   "D=/usr/lib/debug/.build-id/$(echo $B | cut -c1-2); F=$D/$(echo $B | cut -c3-).debug;"
	                   "export R T D F; exec unshare -m sh -ec 'mount -t tmpfs none /usr/lib/debug; mkdir -p $D;"
	                   "mv prog.debug $F; $T events $R --stacks'; ");
	expect_frames(events.out, ALL);
	outcome_free(&events);
	rt_end(&rt);
}

/* ---- debuginfod -------------------------------------------------------------------------------- */

/* Starts the server; $SERVED is what it has, $P its port.  It ends with the script. */
#define SERVER(how)                                                                                                    \
	"mkdir -p served/$B; mv prog.debug served/$B/debuginfo; : > log;"                                              \
	"python3 $C/debuginfod.py " how " served port log > /dev/null 2>&1 & S=$!; trap 'kill $S' EXIT;"               \
	"while [ ! -e port ]; do sleep 0.05; done; export DEBUGINFOD_CACHE_PATH=$PWD/cache; "                          \
	"URL=http://127.0.0.1:$(cat port); "

static bool has_debuginfod(const struct rt *rt)
{
	struct outcome outcome = shell(rt, "ldconfig -p | grep -q libdebuginfod.so.1");
	bool there = outcome.status == 0;

	outcome_free(&outcome);
	return there;
}

static struct rt debuginfod_case(void)
{
	struct rt rt = rt_new();

	if (!has_debuginfod(&rt))
		cr_skip_test("SKIPPED: libdebuginfod is not installed");
	must_run(&rt, SPLIT);
	run_program(&rt, "./prog");
	return rt;
}

static void expect_log(const struct rt *rt, const char *pattern, bool there)
{
	char script[256];
	struct outcome outcome;

	snprintf(script, sizeof script, "cat log; grep -q '%s' log", pattern);
	outcome = shell(rt, script);
	cr_expect_eq(outcome.status == 0, there, "the server was asked for:\n%s", outcome.out);
	outcome_free(&outcome);
}

Test(symbols, debuginfod_where_configured)
{
	struct rt rt = debuginfod_case();
	struct outcome events = events_of(&rt, BUILD_ID SERVER("answer") "DEBUGINFOD_URLS=$URL");

	expect_frames(events.out, ALL);
	expect_log(&rt, "debuginfo", true);
	outcome_free(&events);
	rt_end(&rt);
}

Test(symbols, debuginfod_is_left_alone_where_not_configured)
{
	struct rt rt = debuginfod_case();
	struct outcome events = events_of(&rt, BUILD_ID SERVER("answer") "DEBUGINFOD_URLS=");

	expect_frames(events.out, NOTHING);
	expect_log(&rt, ".", false);
	outcome_free(&events);
	rt_end(&rt);
}

/* libdebuginfod is not even loaded. */
Test(symbols, debuginfod_is_not_loaded_where_not_configured)
{
	struct rt rt = debuginfod_case();
	struct outcome with =
	    events_of(&rt, "LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/with DEBUGINFOD_URLS=http://127.0.0.1:9");
	struct outcome without = events_of(&rt, "unset DEBUGINFOD_URLS; LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/without");
	struct outcome loads = shell(&rt, "grep -q debuginfod with.*; ! grep debuginfod without.*");

	cr_expect_eq(loads.status, 0, "%s", loads.out);
	outcome_free(&with);
	outcome_free(&without);
	outcome_free(&loads);
	rt_end(&rt);
}

/* Progress is seen, and after the bound the rest goes on without; further modules do not wait again. */
Test(symbols, debuginfod_that_hangs_is_given_up)
{
	struct rt rt = debuginfod_case();
	double started = now(), took;
	struct outcome events = events_of(
	    &rt, BUILD_ID SERVER("hang") "export DEBUGINFOD_MAXTIME=3 RINGTAIL_PROGRESS=1 DEBUGINFOD_URLS=$URL; ");

	took = now() - started;
	expect_frames(events.out, NOTHING);
	cr_expect(took > 2.5 && took < 10, "%.1f s", took);
	cr_expect(strstr(events.err, "asking debuginfod for prog"), "%s", events.err);
	cr_expect(strstr(events.err, "gave up after 3 s"), "%s", events.err);
	outcome_free(&events);
	rt_end(&rt);
}

/* `ringtail run` says nothing while the program has the terminal, and shows what it waits for afterwards. */
static void expect_run_with_hanging_server(const char *options, bool shown)
{
	struct rt rt = debuginfod_case();
	char script[1024];
	struct outcome run;

	snprintf(script, sizeof script,
	         BUILD_ID SERVER("hang") "export DEBUGINFOD_MAXTIME=3 RINGTAIL_PROGRESS=1 DEBUGINFOD_URLS=$URL;"
	                                 "$T run %s -o $R.2 -- ./prog",
	         options);
	run = shell(&rt, script);
	cr_expect_eq(run.status, 0, "%s", run.err);
	cr_expect_eq(strstr(run.err, "asking debuginfod for prog (") != NULL, shown, "%s", run.err);
	cr_expect_eq(strstr(run.err, "gave up after 3 s") != NULL, shown, "%s", run.err);
	outcome_free(&run);
	rt_end(&rt);
}

Test(symbols, run_shows_what_it_waits_for) { expect_run_with_hanging_server("", true); }
Test(symbols, run_is_silent_when_asked) { expect_run_with_hanging_server("--quiet", false); }

/* ---- files that are not there any more ------------------------------------------------------------ */

/* The kernel keeps an executable while it runs, even if it was renamed or removed. */
Test(symbols, deleted_while_running)
{
	struct rt rt = rt_new();
	struct child child;
	struct outcome events;
	char *line;

	must_run(&rt, "gcc -g -O1 $C/live.c -o prog");
	child = rt_start(&rt, MODE_PRELOAD, "./prog");
	line = spawn_wait_for_line(&child, "allocated", 10);
	cr_assert(line);
	free(line);
	events = events_of(&rt, "");
	expect_frames(events.out, "exported:8 main:18");
	outcome_free(&events);
	kill(-child.pid, SIGKILL);
	rt.program = spawn_wait(&child);
	events = events_of(&rt, "");
	expect_frames(events.out, "?(deleted) ?(deleted) ?(deleted)");
	outcome_free(&events);
	rt_end(&rt);
}

/* A library was deleted, or another file has its name: the rest of the stack has its names. */
static void expect_library(const char *after, const char *frame)
{
	struct rt rt = rt_new();
	struct outcome events;
	char expected[64];

	must_run(&rt, "gcc -g -O1 -fPIC -shared $C/prog.c -o prog.so; gcc -g -O1 $C/library.c -o loads");
	run_program(&rt, "./loads ./prog.so");
	must_run(&rt, after);
	events = events_of(&rt, "");
	snprintf(expected, sizeof expected, "%s main:11", frame);
	expect_frames(events.out, expected);
	outcome_free(&events);
	rt_end(&rt);
}

Test(symbols, library) { expect_library("", "inlined:6^ local:13 exported:20"); }
Test(symbols, deleted_library) { expect_library("rm prog.so", "?(deleted) ?(deleted)"); }
Test(symbols, changed_library)
{
	expect_library("rm prog.so; (echo; cat $C/prog.c) > x.c; gcc -g -O1 -fPIC -shared x.c -o prog.so",
	               "?(changed) ?(changed)");
}

/* ---- others ------------------------------------------------------------------------------------------ */

Test(symbols, vdso)
{
	struct rt rt = rt_new();
	struct outcome events;

	must_run(&rt, "gcc -O1 $C/vdso.c -o prog");
	run_program(&rt, "./prog");
	events = events_of(&rt, "");
	cr_expect(strstr(events.out, "clock_gettime+0x") && strstr(events.out, " [vdso]+0x"), "%s", events.out);
	outcome_free(&events);
	rt_end(&rt);
}

/* The text report: a frame without a name has its module and offset, and a frame that only the symbol table knows has
 * an offset. */
static void expect_report(const char *make, const char *after, const char *first, const char *second)
{
	struct rt rt = rt_new();
	struct outcome report;

	must_run(&rt, make);
	run_program(&rt, "./prog");
	must_run(&rt, after);
	report = rt_tool(&rt, "leaks RUN --full-stacks");
	cr_expect(strstr(report.out, first) && strstr(report.out, second), "no %s or no %s: %s", first, second,
	          report.out);
	outcome_free(&report);
	rt_end(&rt);
}

Test(symbols, report_with_lines)
{
	expect_report("gcc -g -O1 $C/prog.c -o prog", "", "  inlined (prog.c:6) [inlined]", "  local (prog.c:13)");
}
Test(symbols, report_by_symbol) { expect_report("gcc -O1 $C/prog.c -o prog", "", "  local+0x", " (prog)"); }
Test(symbols, report_stripped) { expect_report("gcc -O1 -s $C/prog.c -o prog", "", "#0  prog+0x", "#1  prog+0x"); }
/* The label a_label is exported and has no size; the functions after it have no names. */
Test(symbols, a_label_does_not_name_functions_after_it)
{
	expect_report("gcc -O1 -fno-toplevel-reorder -rdynamic -s $C/label.c -o prog; "
	              "readelf -W --dyn-syms prog | grep -q \" 0 NOTYPE .* a_label$\"",
	              "", "#0  prog+0x", "#1  prog+0x");
}
Test(symbols, report_deleted) { expect_report("gcc -g -O1 $C/prog.c -o prog", "rm prog", "#0  prog+0x", " (deleted)"); }

/* ---- functions without names ------------------------------------------------------------------------ */

/* A row of the report on the heap ends so; $1, ... are the addresses of functions before their names were removed. */
static void expect_row(const char *make, const char *row)
{
	static const char addresses[] =
	    "at() { sed -n \"s/^0*\\([0-9a-f]*\\) t $1$/prog+0x\\1/p\" names; }; set -- \"$(at twice)\" \"$(at wrap)\""
	    " \"$(at user_1)\"; [ -n \"$1\" -a -n \"$2\" -a -n \"$3\" ]; $T heap $R > report; ";
	struct rt rt = rt_new();
	char script[1024];

	must_run(&rt, make);
	run_program(&rt, "./prog");
	snprintf(script, sizeof script, "%s grep \"^ .* %s$\" report || { cat report >&2; exit 1; }", addresses, row);
	must_run(&rt, script);
	rt_end(&rt);
}

#define STRIPPED "gcc -O1 $C/calls.c -o prog; nm prog > names; strip prog"
Test(symbols, calls_of_a_stripped_function_are_one_place) { expect_row(STRIPPED, "2 $1  2 stacks"); }
Test(symbols, stacks_show_calls_of_a_stripped_function) { expect_row(STRIPPED, "#0  $1+0x[0-9a-f]*"); }
Test(symbols, a_stripped_wrapper_is_looked_through) { expect_row(STRIPPED, "1 $2 < $3"); }
Test(symbols, calls_of_a_function_by_symbol_are_places)
{
	expect_row("gcc -O1 $C/calls.c -o prog; nm prog > names", "1 twice+0x[0-9a-f]* (prog)");
}

/* The rules that a report offers suppress the findings that they are made from. */
Test(symbols, rules_name_the_functions_of_a_stripped_program)
{
	struct rt rt = rt_new();

	must_run(&rt, "gcc -O1 -s $C/label.c -o prog");
	run_program(&rt, "./prog");
	must_run(&rt, "$T report $R --format suppressions > rules; grep '^leak/definite:^prog+0x[0-9a-f]*[$]$' rules &&"
	              " ! grep '^.prog' rules && $T check $R --suppressions rules && ! $T check $R");
	rt_end(&rt);
}

/* Nothing says where a function starts. */
Test(symbols, without_an_unwind_table_calls_are_places)
{
	static const char make[] = "gcc -O1 -Wl,--no-eh-frame-hdr $C/calls.c -o prog; nm prog > names; strip prog";

	expect_row(make, "1 prog+0x[0-9a-f]*");
}

/* ---- named again ----------------------------------------------------------------------------------- */

/* Runs a program that is moved away before the first report. */
static void run_and_move_away(struct rt *rt, const char *program)
{
	char line[4 * RT_PATH];

	snprintf(line, sizeof line, "sh -c 'cp %s prog; LD_PRELOAD=%s RINGTAIL=run=%s ./prog; mv prog away'",
	         rt_built(program), rt_built("libringtail.so"), rt->run);
	rt_program(rt, MODE_BARE, line);
}

/* A program that was moved away before the first report, and back after it. */
Test(symbols, of_a_file_that_comes_back)
{
	struct rt rt = rt_new();

	run_and_move_away(&rt, "programs/leak_simple");
	struct outcome report = rt_tool(&rt, "report RUN --only leak:definite");
	cr_expect(strstr(report.out, "/prog (deleted): put back the file with build id "), "%s", report.out);
	cr_expect_not(strstr(report.out, "leak_simple.c:"), "%s", report.out);
	outcome_free(&report);
	rt_program(&rt, MODE_BARE, "sh -c 'cp /bin/true prog'");
	report = rt_tool(&rt, "report RUN --only leak:definite");
	cr_expect_not(strstr(report.out, "leak_simple.c:"), "another file was taken for it: %s", report.out);
	outcome_free(&report);
	rt_program(&rt, MODE_BARE, "mv away prog");
	report = rt_tool(&rt, "report RUN --only leak:definite");
	cr_expect(strstr(report.out, " (leak_simple.c:"), "%s", report.out);
	cr_expect_not(strstr(report.out, "put back the file"), "%s", report.out);
	outcome_free(&report);
	rt_end(&rt);
}

/* Which functions are wrappers is known when they have names: then their stacks have another place, in SQL too. */
Test(symbols, places_of_a_file_that_comes_back)
{
	struct rt rt = rt_new();

	run_and_move_away(&rt, "programs/wrapped_places");
	struct outcome report = rt_tool(&rt, "heap RUN --limit 0");
	cr_expect_not(strstr(report.out, "known"), "%s", report.out);
	outcome_free(&report);
	rt_program(&rt, MODE_BARE, "mv away prog");
	report = rt_tool(&rt, "heap RUN --limit 0");
	cr_expect(strstr(report.out, " xmalloc < known (wrapped_places.c:"), "%s", report.out);
	outcome_free(&report);
	report = rt_tool(&rt, "sql --format csv RUN 'select function from v_top_sites where allocated_bytes = 5000'");
	cr_expect(strstr(report.out, "known"), "%s%s", report.out, report.err);
	outcome_free(&report);
	rt_end(&rt);
}
