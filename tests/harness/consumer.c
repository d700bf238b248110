#include "tests/harness/consumer.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void export_run(struct rt *rt, const char *words)
{
	char line[1024];
	struct outcome outcome;

	snprintf(line, sizeof line, "export RUN %s", words);
	outcome = rt_tool(rt, line);
	cr_assert_eq(outcome.status, 0, "ringtail %s: status %d: %s", line, outcome.status, outcome.err);
	outcome_free(&outcome);
}

#define PATIENCE 300 /* seconds; only ends a consumer that hangs, however busy the machine is */

char *consume(struct rt *rt, const char *format, ...)
{
	char line[4096];
	const char *argv[] = {"sh", "-c", line, NULL};
	struct outcome outcome;
	va_list arguments;
	char *out;

	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line - 6, format, arguments);
	va_end(arguments);
	cr_assert_lt(length, (int)sizeof line - 6);
	outcome = spawn((struct command){.argv = argv, .directory = rt->work, .timeout = PATIENCE});
	cr_assert_eq(outcome.status, 0, "%s: status %d: %s%s", line, outcome.status, outcome.err, outcome.out);
	cr_assert(asprintf(&out, "%s%s", outcome.out, outcome.err) >= 0);
	outcome_free(&outcome);
	return out;
}

void expect_has(const char *text, const char *what, const char *told)
{
	cr_expect(strstr(text, what), "%s has no \"%s\":\n%s", told, what, text);
}

json_t *heap_report(struct rt *rt)
{
	struct outcome outcome = rt_tool(rt, "heap RUN --limit 0 --format json");
	json_error_t error;
	json_t *json = json_loadb(outcome.out, outcome.out_bytes, 0, &error);

	cr_assert(json, "ringtail heap: status %d: %s%s", outcome.status, error.text, outcome.err);
	outcome_free(&outcome);
	return json;
}

long long heap_total(const json_t *report, const char *key)
{
	const json_t *process;
	char path[64];
	long long sum = 0;
	size_t i;

	snprintf(path, sizeof path, "heap.%s", key);
	json_array_foreach(json_object_get(report, "processes"), i, process) sum += json_number(process, path);
	return sum;
}

/* As exporters name it where the function is not known. */
static void unknown_function(const json_t *frame, char *name, size_t room)
{
	const char *module = json_string_value(json_object_get(frame, "module"));
	const char *slash = module ? strrchr(module, '/') : NULL;
	const char *start = json_string_value(json_object_get(frame, "function_start"));

	snprintf(name, room, "%s+%s",
	         slash    ? slash + 1
	         : module ? module
	                  : "?",
	         start ? start : json_text(frame, "offset"));
}

static void add_site(json_t *sums, const json_t *site, const char *key)
{
	const json_t *frame = json_array_get(json_object_get(site, "stack"), 0);
	const char *function =
	    frame ? json_string_value(json_object_get(frame, "function")) : "[no stack was recorded]";
	char unknown[512];

	if (!function) {
		unknown_function(frame, unknown, sizeof unknown);
		function = unknown;
	}
	json_object_set_new(sums, function,
	                    json_integer(json_integer_value(json_object_get(sums, function)) + json_number(site, key)));
}

json_t *heap_by_function(const json_t *report, const char *key)
{
	const json_t *process, *site;
	json_t *sums = json_object();
	size_t i, k;

	json_array_foreach(json_object_get(report, "processes"), i, process)
	    json_array_foreach(json_at(process, "heap.sites"), k, site) add_site(sums, site, key);
	return sums;
}
