/*
 * One program under ringtail, in one of the ways to run it, in a temporary
 * directory of its own:
 *
 *   struct rt rt = rt_new();
 *   rt_program(&rt, WAY_RUN, "known_heap");
 *   json_t *process = rt_process(&rt, "known_heap");
 *   ...
 *   rt_end(&rt);
 *
 * Whatever goes wrong with ringtail itself on the way fails the test.
 */
#ifndef TESTS_E2E_RT_H
#define TESTS_E2E_RT_H

#include <jansson.h>

#include "tests/harness/spawn.h"

enum way {
	WAY_BARE,    /* without ringtail */
	WAY_RUN,     /* ringtail run -o RUN -- CMD */
	WAY_PRELOAD, /* LD_PRELOAD=libringtail.so RINGTAIL=run=RUN CMD; the report is made afterwards */
	WAY_AARCH64, /* as WAY_PRELOAD, one of CROSS_PROGRAMS (tests.mk) with the shim for aarch64 under an emulator */
};

#define RT_PATH 512

struct rt {
	char root[RT_PATH]; /* the temporary directory */
	char work[RT_PATH]; /* where programs run; work/data leads to tests/e2e/data */
	char run[RT_PATH];  /* RUN */
	double timeout;     /* of programs and the tool, each; 0: 60 seconds */
	struct outcome program;
	struct outcome report;
	json_t *json;
};

struct rt rt_new(void);
void rt_end(struct rt *rt);
/* For what a failed test has left behind: the .fini of every suite (TEST_SUITE). */
void rt_clean_up(void);
#define TEST_SUITE(name) TestSuite(name, .fini = rt_clean_up)

/* build/NAME, absolute; in a static buffer that the next calls use in turn. */
const char *rt_built(const char *name);

/* Runs a command line: words at spaces, '...' keeps them together; a first word without slash that is one of
 * tests/programs is that one.  The outcome is in rt->program. */
void rt_program(struct rt *rt, enum way way, const char *command_line);
/* As rt_program, with more between `ringtail run` and `-o`, or for WAY_PRELOAD more of RINGTAIL ("key=value"). */
void rt_program_with(struct rt *rt, enum way way, const char *options, const char *command_line);
struct child rt_start(struct rt *rt, enum way way, const char *command_line);
struct child rt_start_with(struct rt *rt, enum way way, const char *options, const char *command_line);

/* The tool: `ringtail WORDS`, in the work directory; RUN in a word of its own is replaced by the run directory. */
struct outcome rt_tool(struct rt *rt, const char *words);

/* `ringtail report RUN --format json`, once; the root object.  Fails the test unless it exits with 0. */
json_t *rt_report(struct rt *rt);
/* The same again, after more happened. */
json_t *rt_report_again(struct rt *rt);
/* The last process whose executable has this base name; fails the test where there is none. */
json_t *rt_process(struct rt *rt, const char *exe);

/* The words of a command line, malloced; free with words_free. */
char **words_split(const char *line);
void words_free(char **words);

/* Number or text at "heap.peak_bytes"; fails the test when there is none. */
long long json_number(const json_t *object, const char *path);
const char *json_text(const json_t *object, const char *path);
const json_t *json_at(const json_t *object, const char *path);

/* "kind:class=count ..." sorted, of what a report accuses the program of: no information kinds, no inversions, and
 * leaks only when asked for.  A finding about several threads counts each.  Malloced. */
char *findings_summary(const json_t *process, bool leaks);
/* No free that matches no allocation, or the wrong one: neither by the program nor by our losing count. */
void expect_sound_heap(const json_t *process);
/* Fails the test where two texts differ, showing the first lines that do. */
void expect_same_text(const char *what, const char *actual, const char *expected);
/* Sum over all processes. */
long long events_lost(const json_t *report);

#endif
