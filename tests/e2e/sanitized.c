/* Programs that are linked with a sanitizer, or have one preloaded: sanitized.def. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "tests/harness/rt.h"

/* Some versions of sanitizers find no room for their shadow memory if addresses are randomised in many bits. */
static void fix_addresses(void) { personality(ADDR_NO_RANDOMIZE); }

TestSuite(sanitized, .init = fix_addresses, .fini = rt_clean_up);

enum where { IN_PROGRAM, IN_LIBRARY, DEEPER, FIRST };

static unsigned count(const char *text, const char *part)
{
	unsigned found = 0;

	for (; (text = strstr(text, part)); text++)
		found++;
	return found;
}

/* Expects the output of the program without ringtail, and one line of ringtail's in front of it. */
static void expect_bare(const char *program, const struct outcome *watched, const char *line)
{
	struct rt rt = rt_new();
	char err[4096];

	rt_program(&rt, MODE_BARE, program);
	cr_expect_eq(rt.program.status, 6, "%s without ringtail: status %d: %s", program, rt.program.status,
	             rt.program.err);
	snprintf(err, sizeof err, "%s%s", line, rt.program.err);
	cr_expect_eq(watched->status, rt.program.status, "%s: status %d: %s", program, watched->status, watched->err);
	expect_same_text("stdout", watched->out, rt.program.out);
	expect_same_text("stderr", watched->err, err);
	rt_end(&rt);
}

/* No ring, so nothing was recorded, and nothing was waited for at the end.  `ringtail run` leaves a note that says so.
 */
static void expect_no_run(const struct rt *rt)
{
	char note[RT_PATH + 16];

	snprintf(note, sizeof note, "%s/not-recorded", rt->run);
	unlink(note);
	cr_expect(!rmdir(rt->run) || errno == ENOENT, "%s holds a run", rt->run);
}

static void expect_said_before(const char *program, const char *sanitizer)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH], name[64];

	snprintf(name, sizeof name, "programs/%s", program);
	snprintf(line, sizeof line,
	         "ringtail: cannot watch: %s runs with %s, which cannot share a process with ringtail: use one at a "
	         "time; it runs unwatched\n",
	         rt_built(name), sanitizer);
	rt_program(&rt, MODE_RUN, program);
	expect_bare(program, &rt.program, line);
	expect_no_run(&rt);
	rt_end(&rt);
}

static void expect_refused(const char *program, const char *sanitizer)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--must-watch", program);
	cr_expect_eq(rt.program.status, 69, "%s: status %d: %s", program, rt.program.status, rt.program.err);
	cr_expect_str_eq(rt.program.out, "");
	cr_expect(strstr(rt.program.err, sanitizer), "%s: %s", program, rt.program.err);
	expect_no_run(&rt);
	rt_end(&rt);
}

static void expect_said_within(const char *program, const char *sanitizer)
{
	struct rt rt = rt_new();
	char line[256];

	snprintf(line, sizeof line, "ringtail: this program is not watched, as it runs with a sanitizer: %s\n",
	         sanitizer);
	rt_program(&rt, MODE_PRELOAD, program);
	expect_bare(program, &rt.program, line);
	expect_no_run(&rt);
	rt_end(&rt);
}

/* A watched shell starts the program. */
static void expect_said_at_exec(const char *program, const char *sanitizer, enum where where)
{
	struct rt rt = rt_new();
	char script[2 * RT_PATH], name[64], line[2 * RT_PATH];

	snprintf(name, sizeof name, "programs/%s", program);
	snprintf(script, sizeof script, "sh -c '%s; exit $?'", rt_built(name));
	if (where == IN_LIBRARY || where == FIRST)
		snprintf(line, sizeof line, "ringtail: not watched, as it is built with a sanitizer: %s\n",
		         rt_built(name));
	else
		snprintf(line, sizeof line, "ringtail: this program is not watched, as it runs with a sanitizer: %s\n",
		         sanitizer);
	rt_program(&rt, MODE_PRELOAD, script);
	expect_bare(program, &rt.program, line);
	rt_end(&rt);
}

#define SANITIZED(name, sanitizer, where)                                                                              \
	Test(sanitized, name##_is_said_before) { expect_said_before("sanitized_" #name, sanitizer); }                  \
	Test(sanitized, name##_is_refused) { expect_refused("sanitized_" #name, sanitizer); }                          \
	Test(sanitized, name##_is_said_at_exec) { expect_said_at_exec("sanitized_" #name, sanitizer, where); }         \
	Test(sanitized, name##_is_said_within, .disabled = (where) == FIRST)                                           \
	{                                                                                                              \
		expect_said_within("sanitized_" #name, sanitizer);                                                     \
	}

static void expect_watched(enum mode mode, const char *program)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, program);
	cr_expect_eq(rt.program.status, 6, "%s: status %d: %s", program, rt.program.status, rt.program.err);
	cr_expect_str_eq(rt.program.out, "once\nsum 42\nhandler\n");
	cr_expect_eq(count(rt.program.err, "watch"), 0, "%s: %s", program, rt.program.err);
	cr_expect_eq(json_array_size(json_at(rt_process(&rt, program), "threads")), 3);
	rt_end(&rt);
}

#define WATCHED(name)                                                                                                  \
	Test(sanitized, name##_is_watched_by_run) { expect_watched(MODE_RUN, "sanitized_" #name); }                    \
	Test(sanitized, name##_is_watched_alone) { expect_watched(MODE_PRELOAD, "sanitized_" #name); }
#include "tests/e2e/tables/sanitized.def"

/* ---- preloaded ------------------------------------------------------------------------------- */

static void find_runtime(char path[RT_PATH])
{
	const char *argv[] = {"gcc", "-print-file-name=libasan.so", NULL};
	struct outcome outcome = spawn((struct command){.argv = argv});

	snprintf(path, RT_PATH, "%.*s", (int)strcspn(outcome.out, "\n"), outcome.out);
	cr_assert_eq(path[0], '/', "%s%s", outcome.out, outcome.err);
	outcome_free(&outcome);
}

/* A watched shell starts a plain program with AddressSanitizer preloaded as the script says; %s is its library. */
static void expect_preloaded(const char *preload, const char *said)
{
	struct rt bare = rt_new(), rt = rt_new();
	char runtime[RT_PATH], script[4 * RT_PATH];

	find_runtime(runtime);
	snprintf(
	    script, sizeof script,
	    "sh -c 'R=%s; export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1; LD_PRELOAD=%s %s; exit $?'",
	    runtime, preload, rt_built("programs/known_heap"));
	rt_program(&bare, MODE_BARE, script);
	rt_program(&rt, MODE_PRELOAD, script);
	cr_expect_eq(bare.program.status, 0, "without ringtail: status %d: %s", bare.program.status, bare.program.err);
	cr_expect_eq(rt.program.status, bare.program.status, "status %d: %s", rt.program.status, rt.program.err);
	expect_same_text("stdout", rt.program.out, bare.program.out);
	cr_expect_eq(count(rt.program.err, "not watched"), 1, "%s", rt.program.err);
	cr_expect(strstr(rt.program.err, said), "%s", rt.program.err);
	rt_end(&bare);
	rt_end(&rt);
}

Test(sanitized, preloaded_behind_ringtail)
{
	expect_preloaded("$LD_PRELOAD:$R", "not watched, as a sanitizer is preloaded behind ringtail: /");
}

Test(sanitized, preloaded_in_front_of_ringtail)
{
	expect_preloaded("$R:$LD_PRELOAD",
	                 "this program is not watched, as it runs with a sanitizer: AddressSanitizer");
}

/* If the sanitizer is preloaded already, `ringtail run` puts its library behind it. */
Test(sanitized, preloaded_already)
{
	struct rt rt = rt_new();
	char runtime[RT_PATH], preload[2 * RT_PATH];
	const char *argv[] = {rt_built("ringtail"), "run", "-o", rt.run, "--", rt_built("programs/known_heap"), NULL};
	const char *env[] = {preload, "ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1", NULL};

	find_runtime(runtime);
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", runtime);
	rt.program = spawn((struct command){.argv = argv, .env = env, .directory = rt.work});
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect(strstr(rt.program.err, "known_heap runs with AddressSanitizer, "), "%s", rt.program.err);
	expect_no_run(&rt);
	rt_end(&rt);
}
