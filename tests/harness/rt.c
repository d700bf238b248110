#include "tests/harness/rt.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- directories ------------------------------------------------------------ */

const char *rt_built(const char *name)
{
	static char buffers[8][RT_PATH];
	static unsigned turn;
	char *buffer = buffers[turn++ % 8], absolute[PATH_MAX];
	const char *build = getenv("RT_BUILD");

	cr_assert(realpath(build ? build : "build", absolute), "no build directory: set RT_BUILD");
	snprintf(buffer, RT_PATH, "%.255s/%.200s", absolute, name);
	return buffer;
}

static void link_data(const char *work)
{
	char link[RT_PATH + 16], absolute[PATH_MAX];

	snprintf(link, sizeof link, "%s/data", work);
	cr_assert(realpath("tests/e2e/data", absolute) && symlink(absolute, link) == 0);
}

/* Temporary directories of this test. */
#define MOST_ROOTS 64
static char *roots[MOST_ROOTS];
static unsigned root_count;

struct rt rt_new(void)
{
	struct rt rt = {.root = "/tmp/ringtail-e2e.XXXXXX"};

	cr_assert(mkdtemp(rt.root) && root_count < MOST_ROOTS);
	roots[root_count++] = strdup(rt.root);
	snprintf(rt.work, sizeof rt.work, "%.200s/work", rt.root);
	snprintf(rt.run, sizeof rt.run, "%.200s/run", rt.root);
	cr_assert(mkdir(rt.work, 0700) == 0);
	link_data(rt.work);
	return rt;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) { return remove(path); }

static void remove_tree(const char *path) { nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static void forget_root(const char *root)
{
	for (unsigned i = 0; i < root_count; i++) {
		if (strcmp(roots[i], root))
			continue;
		free(roots[i]);
		roots[i] = roots[--root_count];
		return;
	}
}

void rt_end(struct rt *rt)
{
	remove_tree(rt->root);
	forget_root(rt->root);
	outcome_free(&rt->program);
	outcome_free(&rt->report);
	json_decref(rt->json);
	rt->json = NULL;
}

void rt_clean_up(void)
{
	spawn_kill_all();
	for (unsigned i = 0; i < root_count; i++)
		remove_tree(roots[i]);
}

/* ---- command lines ------------------------------------------------------------ */

static const char *word_end(const char *at, bool *quoted)
{
	*quoted = *at == '\'';
	if (*quoted) {
		const char *end = strchr(at + 1, '\'');
		return end ? end : at + strlen(at);
	}
	return at + strcspn(at, " ");
}

char **words_split(const char *line)
{
	char **words = calloc(strlen(line) + 2, sizeof *words);
	size_t count = 0;

	for (const char *at = line + strspn(line, " "); *at; at += strspn(at, " ")) {
		bool quoted;
		const char *end = word_end(at, &quoted);

		words[count++] = strndup(at + quoted, (size_t)(end - at) - quoted);
		at = end + (quoted && *end);
	}
	return words;
}

void words_free(char **words)
{
	for (char **word = words; *word; word++)
		free(*word);
	free(words);
}

static void append(char **words, const char *word)
{
	while (*words)
		words++;
	words[0] = strdup(word);
	words[1] = NULL;
}

static void append_all(char **words, const char *line)
{
	char **more = words_split(line);

	for (char **word = more; *word; word++)
		append(words, *word);
	words_free(more);
}

/* Finds a program of tests/programs by its name. */
static void find_program(enum mode mode, char **word)
{
	char name[RT_PATH];

	snprintf(name, sizeof name, "%sprograms/%.200s", mode == MODE_AARCH64 ? "aarch64/" : "", *word);
	if (!strchr(*word, '/') && access(rt_built(name), X_OK) == 0) {
		free(*word);
		*word = strdup(rt_built(name));
	}
}

static void append_emulator(char **words, struct rt *rt, const char *options)
{
	char setting[2 * RT_PATH];

	append_all(words, "qemu-aarch64 -L /usr/aarch64-linux-gnu -E");
	snprintf(setting, sizeof setting, "LD_PRELOAD=%s", rt_built("aarch64/libringtail.so"));
	append(words, setting);
	append(words, "-E");
	snprintf(setting, sizeof setting, "RINGTAIL=run=%s%s%s", rt->run, *options ? ":" : "", options);
	append(words, setting);
}

static char **program_words(struct rt *rt, enum mode mode, const char *options, const char *line)
{
	char **words = calloc(strlen(line) + strlen(options) + 20, sizeof *words);
	char **program;

	if (mode == MODE_RUN) {
		append(words, rt_built("ringtail"));
		append(words, "run");
		append_all(words, options);
		append(words, "-o");
		append(words, rt->run);
		append(words, "--");
	}
	if (mode == MODE_AARCH64)
		append_emulator(words, rt, options);
	for (program = words; *program; program++)
		;
	append_all(words, line);
	find_program(mode, program);
	return words;
}

struct child rt_start_with(struct rt *rt, enum mode mode, const char *options, const char *line)
{
	char preload[2 * RT_PATH], setting[2 * RT_PATH];
	const char *env[] = {preload, setting, NULL};
	char **words = program_words(rt, mode, options, line);
	struct child child;

	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", rt_built("libringtail.so"));
	snprintf(setting, sizeof setting, "RINGTAIL=run=%s%s%s", rt->run, *options ? ":" : "", options);
	child = spawn_start((struct command){.argv = (const char *const *)words,
	                                     .env = mode == MODE_PRELOAD ? env : NULL,
	                                     .directory = rt->work,
	                                     .timeout = rt->timeout});
	words_free(words);
	return child;
}

struct child rt_start(struct rt *rt, enum mode mode, const char *line) { return rt_start_with(rt, mode, "", line); }

void rt_program_with(struct rt *rt, enum mode mode, const char *options, const char *line)
{
	struct child child = rt_start_with(rt, mode, options, line);

	rt->program = spawn_wait(&child);
	cr_expect(!rt->program.timed_out, "%s: timed out", line);
}

void rt_program(struct rt *rt, enum mode mode, const char *line) { rt_program_with(rt, mode, "", line); }

struct outcome rt_tool(struct rt *rt, const char *line)
{
	char **words = calloc(strlen(line) + 4, sizeof *words);
	struct outcome outcome;

	append(words, rt_built("ringtail"));
	append_all(words, line);
	for (char **word = words; *word; word++) {
		if (!strcmp(*word, "RUN")) {
			free(*word);
			*word = strdup(rt->run);
		}
	}
	outcome =
	    spawn((struct command){.argv = (const char *const *)words, .directory = rt->work, .timeout = rt->timeout});
	words_free(words);
	return outcome;
}

/* ---- the report ------------------------------------------------------------------ */

void rt_explain(struct rt *rt, const char *options)
{
	char words[256];

	snprintf(words, sizeof words, "report RUN --full-stacks %s", options);
	struct outcome report = rt_tool(rt, words);
	fprintf(stderr, "%s%s%s%s", rt->program.out, rt->program.err, report.out, report.err);
	outcome_free(&report);
}

json_t *rt_report_again(struct rt *rt)
{
	json_error_t error;

	outcome_free(&rt->report);
	json_decref(rt->json);
	rt->report = rt_tool(rt, "report RUN --format json");
	cr_assert_eq(rt->report.status, 0, "ringtail report: status %d: %s", rt->report.status, rt->report.err);
	rt->json = json_loadb(rt->report.out, rt->report.out_bytes, 0, &error);
	cr_assert(rt->json, "report is no JSON: %s at %d", error.text, error.line);
	return rt->json;
}

json_t *rt_report(struct rt *rt) { return rt->json ? rt->json : rt_report_again(rt); }

static bool is_exe(const json_t *process, const char *name)
{
	const char *exe = json_text(process, "exe");
	const char *slash = strrchr(exe, '/');

	return !strcmp(slash ? slash + 1 : exe, name);
}

json_t *rt_process(struct rt *rt, const char *exe)
{
	json_t *processes = json_object_get(rt_report(rt), "processes"), *process, *found = NULL;
	size_t i;

	json_array_foreach(processes, i, process) if (is_exe(process, exe)) found = process;
	cr_assert(found, "no process %s in the report", exe);
	return found;
}

const json_t *json_at(const json_t *object, const char *path)
{
	char key[64];

	while (object && *path) {
		size_t n = strcspn(path, ".");

		snprintf(key, sizeof key, "%.*s", (int)n, path);
		object = json_object_get(object, key);
		path += n + (path[n] == '.');
	}
	return object;
}

long long json_number(const json_t *object, const char *path)
{
	const json_t *value = json_at(object, path);

	cr_assert(json_is_integer(value), "report: %s is no integer", path);
	return json_integer_value(value);
}

const char *json_text(const json_t *object, const char *path)
{
	const json_t *value = json_at(object, path);

	cr_assert(json_is_string(value), "report: %s is no string", path);
	return json_string_value(value);
}

long long events_lost(const json_t *report)
{
	const json_t *process;
	long long lost = 0;
	size_t i;

	json_array_foreach(json_object_get(report, "processes"), i, process) lost +=
	    json_number(process, "events.lost");
	return lost;
}

void expect_sound_heap(const json_t *process)
{
	static const char *const counts[] = {"heap.unknown_frees", "heap.unseen_frees", "heap.double_frees",
	                                     "heap.mismatched"};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		cr_expect_eq(json_number(process, counts[i]), 0, "%s is %lld", counts[i],
		             json_number(process, counts[i]));
}

void expect_same_text(const char *what, const char *actual, const char *expected)
{
	int line = 1;

	while (*actual && *actual == *expected) {
		const char *end = strchr(actual, '\n');
		size_t n = end ? (size_t)(end - actual) + 1 : strlen(actual);

		if (strncmp(actual, expected, n))
			break;
		actual += n;
		expected += n;
		line++;
	}
	cr_expect(!*actual && !*expected, "%s: line %d is \"%.*s\", without ringtail \"%.*s\"", what, line,
	          (int)strcspn(actual, "\n"), actual, (int)strcspn(expected, "\n"), expected);
}

/* ---- findings ------------------------------------------------------------------------ */

#define MOST_CLASSES 64

struct tally {
	char name[80];
	long long count;
};

static bool is_information(const char *kind, const char *class, bool leaks)
{
	if (!strcmp(kind, "leak"))
		return !leaks;
	if (!strcmp(kind, "deadlock"))
		return !strcmp(class, "inversion");
	if (!strcmp(kind, "loss"))
		return !strcmp(class, "scan");
	return !strcmp(kind, "contention") || !strcmp(kind, "pool") ||
	       (!strcmp(kind, "misuse") && !strcmp(class, "api-error-ignored"));
}

static long long weight(const json_t *finding, const char *kind)
{
	size_t threads = json_array_size(json_object_get(finding, "threads"));

	if (!strcmp(kind, "leak"))
		return json_number(finding, "blocks");
	return !strcmp(kind, "thread-leak") && threads > 0 ? (long long)threads : 1;
}

static void count(struct tally *tallies, const char *name, long long amount)
{
	int i = 0;

	while (i < MOST_CLASSES - 1 && tallies[i].name[0] && strcmp(tallies[i].name, name))
		i++;
	snprintf(tallies[i].name, sizeof tallies[i].name, "%s", name);
	tallies[i].count += amount;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct tally *)one)->name, ((const struct tally *)other)->name);
}

static char *write_tallies(struct tally *tallies)
{
	char *text = calloc(MOST_CLASSES, 128), *at = text;
	int used = 0;

	while (used < MOST_CLASSES && tallies[used].name[0])
		used++;
	qsort(tallies, (size_t)used, sizeof *tallies, by_name);
	for (int i = 0; i < used; i++)
		at += sprintf(at, "%s%s=%lld", i ? " " : "", tallies[i].name, tallies[i].count);
	return text;
}

char *findings_summary(const json_t *process, bool leaks)
{
	struct tally tallies[MOST_CLASSES] = {0};
	const json_t *finding;
	char name[80];
	size_t i;

	cr_assert(json_is_array(json_object_get(process, "findings")), "report: findings is no array");
	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		const char *kind = json_text(finding, "kind");
		const char *class = json_string_value(json_object_get(finding, "class"));

		if (is_information(kind, class ? class : "", leaks) ||
		    ((!strcmp(kind, "misuse") || !strcmp(kind, "thread-leak")) &&
		     json_is_true(json_object_get(finding, "information"))))
			continue;
		snprintf(name, sizeof name, "%s:%s", kind, class ? class : "");
		count(tallies, name, weight(finding, kind));
	}
	return write_tallies(tallies);
}
