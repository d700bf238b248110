#include "tests/harness/memcheck.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const class_names[SUM_CLASSES] = {"definite", "indirect", "possible", "reachable"};

/* ---- memcheck ---------------------------------------------------------------------------------- */

#define LOG            "memcheck."
#define PRELOAD_LENGTH 107 /* of LD_PRELOAD under valgrind on this machine, unless it is told otherwise */

static char *read_file(const char *directory, const char *name)
{
	char path[2 * RT_PATH];
	char *text = NULL;
	size_t room = 0;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "r");
	cr_assert(file && getdelim(&text, &room, '\0', file) > 0, "no log %s", path);
	fclose(file);
	return text;
}

/* "==1==    definitely lost: 6,376 bytes in 199 blocks" */
static struct leak_class_sum parse_line(const char *log, const char *words)
{
	struct leak_class_sum sum = {0, 0};
	char plain[128];
	size_t used = 0;
	const char *at = strstr(log, words);

	cr_assert(at, "memcheck's log lacks \"%s\": %s", words, log);
	for (at += strlen(words); *at && *at != '\n' && used + 1 < sizeof plain; at++)
		if (*at != ',')
			plain[used++] = *at;
	plain[used] = '\0';
	cr_assert_eq(sscanf(plain, " %lld bytes in %lld blocks", &sum.bytes, &sum.blocks), 2, "memcheck: %s", plain);
	return sum;
}

static void parse_log(const char *log, struct leak_class_sum of[SUM_CLASSES])
{
	static const char *const words[SUM_CLASSES] = {
	    "definitely lost:", "indirectly lost:", "possibly lost:", "still reachable:"};

	if (strstr(log, "no leaks are possible"))
		return;
	for (size_t class = 0; class < SUM_CLASSES; class ++)
		of[class] = parse_line(log, words[class]);
	cr_expect_eq(parse_line(log, "suppressed:").blocks, 0, "memcheck: something is suppressed: %s", log);
}

static int is_log(const struct dirent *entry) { return !strncmp(entry->d_name, LOG, strlen(LOG)); }

/* The pid at which pids begin again. */
static long pid_max(void)
{
	FILE *file = fopen("/proc/sys/kernel/pid_max", "r");
	long most = 0;

	cr_assert(file && fscanf(file, "%ld", &most) == 1, "/proc/sys/kernel/pid_max");
	fclose(file);
	return most;
}

/* In the order in which the processes began.  Pids of one run are close together, even if pids begin again in
 * between. */
static int by_start(const struct dirent **left, const struct dirent **right)
{
	long one = atol((*left)->d_name + strlen(LOG)), other = atol((*right)->d_name + strlen(LOG)), most = pid_max();
	long ahead = (other - one + most) % most;

	return !ahead ? 0 : ahead < most / 2 ? -1 : 1;
}

static struct leak_sums read_logs(const struct rt *rt)
{
	struct leak_sums sums = {0};
	struct dirent **logs;
	int count = scandir(rt->work, &logs, is_log, by_start);

	cr_assert(count > 0 && count < SUMS_PROCESSES, "%d logs of memcheck", count);
	for (int i = 0; i < count; i++) {
		char *log = read_file(rt->work, logs[i]->d_name);

		if (strstr(log, "HEAP SUMMARY")) /* else it was killed */
			parse_log(log, sums.of[sums.processes++]);
		free(log);
		free(logs[i]);
	}
	free(logs);
	return sums;
}

/* Sets a small environment, as programs copy it; the variables that valgrind sets; and those that make hash tables the
 * same in every run. */
static void set_environment(const struct rt *rt)
{
	const char *path = getenv("PATH"), *build = getenv("RT_BUILD");

	path = strdup(path ? path : "/usr/bin:/bin");
	build = build ? strdup(build) : NULL;
	clearenv();
	setenv("PATH", path, 1);
	setenv("PWD", rt->work, 1); /* as the shell script that starts valgrind would */
	if (build)
		setenv("RT_BUILD", build, 1);
	setenv("GLIBCPP_FORCE_NEW", "1", 1);
	setenv("GLIBCXX_FORCE_NEW", "1", 1);
	setenv("LD_LIBRARY_PATH", "/usr/lib/debug", 1);
	setenv("PERL_HASH_SEED", "0", 1);
	setenv("PYTHONHASHSEED", "0", 1);
}

/* Runs the line behind the prefix that watches it, or the script, which gets the prefix as $WATCHED. */
static void run_watched(struct rt *rt, const char *prefix, const char *line)
{
	char command[4096];

	set_environment(rt);
	setenv("WATCHED", prefix, 1);
	size_t first = strcspn(line, " ");
	if (first > 3 && !strncmp(line + first - 3, ".sh", 3))
		snprintf(command, sizeof command, "sh data/%s", line);
	else
		snprintf(command, sizeof command, "env -u WATCHED %s %s", prefix, line);
	outcome_free(&rt->program);
	rt_program(rt, MODE_BARE, command);
	unsetenv("WATCHED");
}

struct leak_sums leaks_by_memcheck(struct rt *rt, const char *line)
{
	char prefix[4096];

	/* The script that starts valgrind appends to LD_LIBRARY_PATH. */
	snprintf(prefix, sizeof prefix,
	         "env -u LD_LIBRARY_PATH RINGTAIL=run=%s valgrind --leak-check=full --show-leak-kinds=all "
	         "--run-libc-freeres=no "
	         "--run-cxx-freeres=no --default-suppressions=no --trace-children=yes --trace-children-skip=*/env "
	         "--num-callers=4 --log-file=%s/" LOG "%%p",
	         rt->run, rt->work);
	run_watched(rt, prefix, line);
	return read_logs(rt);
}

/* ---- ringtail ------------------------------------------------------------------------------------ */

/* The library's path, made as long as the value that valgrind preloads by slashes in front. */
static void long_path(char path[RT_PATH])
{
	const char *library = rt_built("libringtail.so");
	size_t length = strlen(library), more = length < PRELOAD_LENGTH ? PRELOAD_LENGTH - length : 0;

	memset(path, '/', more);
	snprintf(path + more, RT_PATH - more, "%s", library);
}

struct leak_sums leaks_by_ringtail(struct rt *rt, const char *line)
{
	char prefix[4096], path[RT_PATH];

	long_path(path);
	snprintf(prefix, sizeof prefix, "env LD_PRELOAD=%s RINGTAIL=run=%s", path, rt->run);
	run_watched(rt, prefix, line);
	return leaks_reported(rt_report(rt));
}

static void add_finding(const json_t *finding, struct leak_class_sum of[SUM_CLASSES])
{
	if (strcmp(json_text(finding, "kind"), "leak"))
		return;
	for (size_t class = 0; class < SUM_CLASSES; class ++) {
		if (strcmp(json_text(finding, "class"), class_names[class]))
			continue;
		of[class].blocks += json_number(finding, "blocks");
		of[class].bytes += json_number(finding, "bytes");
		return;
	}
	cr_assert(false, "a leak of class %s", json_text(finding, "class"));
}

static void add_findings(const json_t *process, struct leak_class_sum of[SUM_CLASSES])
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i, finding) add_finding(finding, of);
}

static bool is_last_image(const json_t *process) { return strcmp(json_text(process, "end.how"), "exec") != 0; }

static bool is_scanned(const json_t *process) { return json_is_true(json_at(process, "leak_scan.done")); }

struct leak_sums leaks_reported(json_t *report)
{
	struct leak_sums sums = {0};
	json_t *process;
	size_t i;

	json_array_foreach(json_object_get(report, "processes"), i, process)
	{
		if (!is_last_image(process) || !is_scanned(process))
			continue;
		cr_assert_lt(sums.processes, SUMS_PROCESSES);
		add_findings(process, sums.of[sums.processes++]);
	}
	return sums;
}

struct leak_sums leaks_of_process(const json_t *process)
{
	struct leak_sums sums = {.processes = 1};

	add_findings(process, sums.of[0]);
	return sums;
}

/* ---- in words --------------------------------------------------------------------------------------- */

#define TEXT 8192

static char *write_sums(const struct leak_sums *sums, const char *format, const char *nothing)
{
	char *text = calloc(1, TEXT), *at = text;

	for (size_t i = 0; i < sums->processes; i++) {
		const char *start = at += sprintf(at, "%s", i ? "; " : "");

		for (size_t class = 0; class < SUM_CLASSES; class ++) {
			const struct leak_class_sum *sum = &sums->of[i][class];

			if (sum->blocks || sum->bytes)
				at += sprintf(at, format, at > start ? " " : "", class_names[class], sum->blocks,
				              sum->bytes);
			cr_assert_lt(at - text, TEXT - 256);
		}
		if (at == start)
			at += sprintf(at, "%s", nothing);
	}
	return text;
}

char *leak_sums_text(const struct leak_sums *sums) { return write_sums(sums, "%s%s=%lld/%lld", "none"); }

char *leak_sums_difference(const struct leak_sums *ringtail, const struct leak_sums *memcheck)
{
	struct leak_sums less = *ringtail;
	bool differs = false;

	cr_assert_eq(ringtail->processes, memcheck->processes, "%zu processes scanned, memcheck looked at %zu",
	             ringtail->processes, memcheck->processes);
	for (size_t i = 0; i < less.processes; i++)
		for (size_t class = 0; class < SUM_CLASSES; class ++) {
			struct leak_class_sum *sum = &less.of[i][class];

			sum->blocks -= memcheck->of[i][class].blocks;
			sum->bytes -= memcheck->of[i][class].bytes;
			differs = differs || sum->blocks || sum->bytes;
		}
	return differs ? write_sums(&less, "%s%s%+lld/%+lld", "same") : strdup("same");
}
