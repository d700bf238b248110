/*
 * Runs one program under ringtail, in one of its modes, in a temporary directory of its own:
 *
 *   struct rt rt = rt_new();
 *   rt_program(&rt, MODE_RUN, "known_heap");
 *   json_t *process = rt_process(&rt, "known_heap");
 *   ...
 *   rt_end(&rt);
 *
 * Any failure of ringtail itself fails the test.
 */
#ifndef TESTS_E2E_RT_H
#define TESTS_E2E_RT_H

#include <jansson.h>

#include "tests/harness/spawn.h"

enum mode {
	MODE_BARE,    /* without ringtail */
	MODE_RUN,     /* ringtail run -o RUN -- CMD */
	MODE_PRELOAD, /* LD_PRELOAD=libringtail.so RINGTAIL=run=RUN CMD; the report is made afterwards */
	MODE_AARCH64, /* as MODE_PRELOAD, one of CROSS_PROGRAMS (tests.mk) with the shim for aarch64 under an emulator
	               */
};

#define RT_PATH 512

struct rt {
	char root[RT_PATH]; /* the temporary directory */
	char work[RT_PATH]; /* where programs run; work/data is a link to tests/e2e/data */
	char run[RT_PATH];  /* RUN */
	double timeout;     /* seconds, for each program and each run of the tool; 0: 60 */
	struct outcome program;
	struct outcome report;
	json_t *json;
};

struct rt rt_new(void);
void rt_end(struct rt *rt);
/* Removes what a failed test has left behind.  It is the .fini of every suite (TEST_SUITE). */
void rt_clean_up(void);
#define TEST_SUITE(name) TestSuite(name, .fini = rt_clean_up)

/* The absolute path of build/NAME.  It is in one of a few static buffers, which later calls use in turn. */
const char *rt_built(const char *name);

/* Runs a command line.  It is split at spaces; '...' keeps words together.  If the first word has no slash and names
 * one of tests/programs, that program is run.  The outcome is in rt->program. */
void rt_program(struct rt *rt, enum mode mode, const char *command_line);
/* As rt_program.  options: further words between `ringtail run` and `-o`; for MODE_PRELOAD further keys of RINGTAIL
 * ("key=value"). */
void rt_program_with(struct rt *rt, enum mode mode, const char *options, const char *command_line);
struct child rt_start(struct rt *rt, enum mode mode, const char *command_line);
struct child rt_start_with(struct rt *rt, enum mode mode, const char *options, const char *command_line);

/* Runs the tool, `ringtail WORDS`, in the work directory.  A word RUN is replaced by the run directory. */
struct outcome rt_tool(struct rt *rt, const char *words);

/* For a test that found something else than it should: prints the report, with whole stacks, and what the program and
 * the tool said.  options: of `ringtail report`. */
void rt_explain(struct rt *rt, const char *options);

/* The root object of `ringtail report RUN --format json`, which is run once.  Fails the test unless it exits with 0. */
json_t *rt_report(struct rt *rt);
/* As rt_report, but runs the command again: for a run that has changed since. */
json_t *rt_report_again(struct rt *rt);
/* The last process whose executable has this base name.  Fails the test if there is none. */
json_t *rt_process(struct rt *rt, const char *exe);

/* Splits a command line into words.  The caller frees them with words_free. */
char **words_split(const char *line);
void words_free(char **words);

/* The number, text or value at a path like "heap.peak_bytes".  Fails the test if there is none. */
long long json_number(const json_t *object, const char *path);
const char *json_text(const json_t *object, const char *path);
const json_t *json_at(const json_t *object, const char *path);

/* The errors and warnings of a report, as a sorted list "kind:class=count ..."; malloced.  It has no information kinds
 * and no inversions, and leaks only if `leaks` is set.  A finding about several threads counts once for each of
 * them. */
char *findings_summary(const json_t *process, bool leaks);
/* Fails the test if a free matches no allocation, or the wrong one: the program made no such free, so the count is
 * wrong. */
void expect_sound_heap(const json_t *process);
/* Fails the test if two texts differ, and shows the first lines that do. */
void expect_same_text(const char *what, const char *actual, const char *expected);
/* The number of lost events of all processes. */
long long events_lost(const json_t *report);

#endif
