/*
 * `ringtail export --format pprof`, read back by `go tool pprof` itself: its totals, and what each function allocated,
 * are those of `ringtail heap`, and each of its ways to look at a profile works.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/consumer.h"

TEST_SUITE(pprof);

#define PPROF "go tool pprof -unit=B -nodecount=0 -nodefraction=0 -edgefraction=0 "

static const struct {
	const char *value, *total, *site; /* names of pprof, of the heap's totals, of a site's numbers */
} values[] = {
    {"alloc_objects", "allocations", "allocations"},        {"alloc_space", "allocated_bytes", "allocated_bytes"},
    {"peak_objects", "peak_blocks", "peak_blocks"},         {"peak_space", "peak_bytes", "peak_bytes"},
    {"inuse_objects", "live_at_end_blocks", "live_blocks"}, {"inuse_space", "live_at_end_bytes", "live_bytes"},
};

/* "107276B" or "32" */
static long long leading_number(const char *text)
{
	char *end;
	long long number = strtoll(text, &end, 10);

	cr_assert(end != text && (*end == 'B' || *end == ' ' || *end == '\n'), "no plain number: %.60s", text);
	return number;
}

static long long total_of(const char *top)
{
	const char *line = strstr(top, " of ");

	cr_assert(line && strstr(top, "Showing nodes accounting for "), "pprof -top: %s", top);
	return leading_number(line + 4);
}

static void cut(char *text, const char *what)
{
	char *at = strstr(text, what);

	if (at)
		*at = '\0';
}

/* Lines "flat flat% sum% cum cum% function" below the head; every function's flat is what the report says. */
static int compare_functions(const char *top, const json_t *report, const char *key)
{
	json_t *sums = heap_by_function(report, key);
	const char *line = strstr(top, "flat%");
	int compared = 0;

	while ((line = strchr(line, '\n')) && line[1]) {
		char flat[32], function[1024];

		line++;
		cr_assert_eq(sscanf(line, "%31s %*s %*s %*s %*s %1023[^\n]", flat, function), 2, "%.100s", line);
		cut(function, " (inline)");
		cut(function, " (partial-inline)");
		long long sum = json_integer_value(json_object_get(sums, function));
		cr_expect_eq(atoll(flat), sum, "%s of %s: pprof has %s, the report %lld", key, function, flat, sum);
		compared += sum != 0;
	}
	json_decref(sums);
	return compared;
}

static void compare_value(struct rt *rt, const json_t *report, size_t k, int functions)
{
	char *top = consume(rt, PPROF "-top -sample_index=%s heap.pb.gz", values[k].value);
	int compared;

	cr_expect_eq(total_of(top), heap_total(report, values[k].total), "%s: pprof has %lld, the report %lld",
	             values[k].value, total_of(top), heap_total(report, values[k].total));
	compared = compare_functions(top, report, values[k].site);
	if (!strncmp(values[k].value, "alloc_", 6)) /* of the others there may be none */
		cr_expect_geq(compared, functions, "%s: %d functions", values[k].value, compared);
	free(top);
}

static void compare_heap(enum mode mode, const char *program, int functions)
{
	struct rt rt = rt_new();
	json_t *report;

	rt_program(&rt, mode, program);
	export_run(&rt, "--format pprof -o heap.pb.gz");
	report = heap_report(&rt);
	for (size_t k = 0; k < sizeof values / sizeof *values; k++)
		compare_value(&rt, report, k, functions);
	json_decref(report);
	rt_end(&rt);
}

Test(pprof, heap_of_known_heap) { compare_heap(MODE_RUN, "known_heap", 2); }
Test(pprof, heap_of_jq) { compare_heap(MODE_PRELOAD, "jq .[0] data/numbers.json", 8); }
Test(pprof, heap_of_operators) { compare_heap(MODE_RUN, "every_operator", 2); }

static struct rt known_heap(void)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "known_heap");
	export_run(&rt, "--format pprof --view allocs -o heap.pb.gz");
	return rt;
}

/* The sources have the names that the compiler was given, relative to the checkout. */
Test(pprof, list_shows_source_lines)
{
	struct rt rt = known_heap();
	char source[RT_PATH * 2], *list;

	cr_assert(realpath(".", source));
	list = consume(&rt, PPROF "-source_path=%s -list=peak_and_temporaries heap.pb.gz", source);
	expect_has(list, "100000B", "pprof -list");
	expect_has(list, "block = malloc(100000)", "pprof -list");
	free(list);
	rt_end(&rt);
}

Test(pprof, peek_shows_callers)
{
	struct rt rt = known_heap();
	char *peek = consume(&rt, PPROF "-peek=grow_two heap.pb.gz");

	expect_has(peek, "main", "pprof -peek");
	expect_has(peek, "3000B", "pprof -peek");
	free(peek);
	rt_end(&rt);
}

Test(pprof, svg_has_a_node_for_each_function)
{
	struct rt rt = known_heap();
	char *svg = consume(&rt, PPROF "-svg -output=heap.svg heap.pb.gz && cat heap.svg");

	expect_has(svg, "<svg", "pprof -svg");
	expect_has(svg, ">grow_two<", "pprof -svg");
	expect_has(svg, ">100070B", "pprof -svg");
	expect_has(svg, "Build ID: ", "pprof -svg");
	free(svg);
	rt_end(&rt);
}

/* The difference to another run, which allocates twice as much. */
Test(pprof, diff_base_takes_a_run_from_another)
{
	struct rt rt = known_heap(), other = rt_new();
	char *same, *more;

	same = consume(&rt, PPROF "-top -diff_base=heap.pb.gz heap.pb.gz");
	expect_has(same, "Showing nodes accounting for 0, 0% of 107276B total", "pprof -diff_base of itself");
	free(same);
	rt_program(&other, MODE_RUN, "realloc_shapes");
	export_run(&other, "--format pprof --view allocs -o heap.pb.gz");
	more = consume(&other, PPROF "-top -diff_base=%s/heap.pb.gz heap.pb.gz", rt.work);
	expect_has(more, "-100070B", "pprof -diff_base");
	expect_has(more, "of 107276B total", "pprof -diff_base");
	free(more);
	rt_end(&other);
	rt_end(&rt);
}

Test(pprof, tagfocus_takes_one_process)
{
	struct rt rt = rt_new();
	json_t *report;
	long long of_child;
	char *top;

	rt_program(&rt, MODE_RUN, "sh -c 'jq . data/numbers.json >/dev/null; xz -0 </dev/null >/dev/null; true'");
	export_run(&rt, "--format pprof --view allocs -o heap.pb.gz");
	report = heap_report(&rt);
	of_child = json_number(rt_process(&rt, "jq"), "heap.allocated_bytes");
	top = consume(&rt, PPROF "-top '-tagfocus=process=^jq ' heap.pb.gz");
	char wanted[64];
	snprintf(wanted, sizeof wanted, "accounting for %lldB,", of_child);
	expect_has(top, wanted, "pprof -tagfocus");
	cr_expect_gt(heap_total(report, "allocated_bytes"), of_child);
	cr_expect_eq(total_of(top), heap_total(report, "allocated_bytes"));
	free(top);
	json_decref(report);
	rt_end(&rt);
}

/* A place in a library that all processes have loaded counts as one place. */
Test(pprof, processes_share_their_places)
{
	struct rt rt = rt_new();
	char *raw;
	int libc = 0;

	rt_program(&rt, MODE_RUN, "fork_tree");
	export_run(&rt, "--format pprof --view allocs -o heap.pb.gz");
	raw = consume(&rt, "go tool pprof -raw heap.pb.gz | sed -n '/^Mappings/,$p'");
	for (const char *at = raw; (at = strstr(at, "/libc.so.6 ")); at++)
		libc++;
	cr_expect_eq(libc, 1, "%d mappings of libc:\n%s", libc, raw);
	expect_has(raw, "[FN][FL][LN]", "pprof -raw");
	free(raw);
	rt_end(&rt);
}

Test(pprof, web_pages_are_served)
{
	static const char free_port[] = "import socket\n"
	                                "s = socket.create_server((\"127.0.0.1\", 0))\n"
	                                "print(s.getsockname()[1])";
	static const char fetch[] =
	    "import sys,urllib.request\n"
	    "for page in sys.argv[2:]:\n"
	    "    print(urllib.request.urlopen(sys.argv[1] + page, timeout=30).read().decode())\n";
	struct rt rt = known_heap();
	char *port = consume(&rt, "python3 -c '%s'", free_port), command[256];
	const char *argv[] = {"sh", "-c", command, NULL};
	snprintf(command, sizeof command, "exec go tool pprof -no_browser -http=127.0.0.1:%d heap.pb.gz 2>&1",
	         atoi(port));
	struct child child = spawn_start((struct command){.argv = argv, .directory = rt.work});
	char *line = spawn_wait_for_line(&child, "Serving web UI on ", 30), *pages;

	cr_assert(line, "pprof -http does not start");
	pages = consume(&rt, "python3 -c '%s' %s /top /flamegraph /peek?f=grow_two", fetch, strstr(line, "http"));
	expect_has(pages, "peak_and_temporaries", "pprof -http");
	expect_has(pages, "flamegraph", "pprof -http");
	free(pages);
	free(line);
	free(port);
	spawn_kill_all();
	struct outcome outcome = spawn_wait(&child);
	outcome_free(&outcome);
	rt_end(&rt);
}

/* ---- labels: what each group of threads has of a place where all of them allocate ------- */

#define TAKE PPROF "-top -sample_index=%s -focus=^take$ '-tagfocus=thread=^%s$' heap.pb.gz | grep ' take$' || echo 0"

static void expect_take(struct rt *rt, const char *value, const char *thread, long long wanted)
{
	char *line = consume(rt, TAKE, value, thread);

	cr_expect_eq(atoll(line), wanted, "%s of %s: %s", value, thread, line);
	free(line);
}

Test(pprof, labels_tell_threads_apart)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "named_threads");
	export_run(&rt, "--format pprof --view allocs -o heap.pb.gz");
	expect_take(&rt, "alloc_space", "main", 1000);
	expect_take(&rt, "alloc_space", "worker", 600);
	expect_take(&rt, "alloc_objects", "worker", 6);
	expect_take(&rt, "alloc_space", "made in run", 7);
	expect_take(&rt, "inuse_space", "main", 1000);
	expect_take(&rt, "inuse_space", "worker", 200);
	expect_take(&rt, "inuse_space", "made in run", 0);
	expect_take(&rt, "peak_space", "worker", 400);
	expect_take(&rt, "peak_objects", "worker", 4);
	expect_take(&rt, "peak_space", "main", 1000);
	rt_end(&rt);
}

/* ---- waits ------------------------------------------------------------------------------ */

/* Three waits of 200 ms each; names as in contention.def. */
Test(pprof, mutex_blames_the_holder)
{
	struct rt rt = rt_new();
	char *delay, *count;

	rt_program(&rt, MODE_RUN, "contention mutexes");
	export_run(&rt, "--format pprof --view mutex -o mutex.pb.gz");
	delay = consume(&rt, "go tool pprof -top -unit=ms mutex.pb.gz | grep ' hold$'");
	cr_expect(atof(delay) >= 550, "hold: %s", delay);
	count = consume(&rt, PPROF "-top -sample_index=contentions -tagfocus=lock=mutex mutex.pb.gz");
	cr_expect_eq(total_of(count), 3);
	free(delay);
	free(count);
	rt_end(&rt);
}

Test(pprof, block_blames_the_waiter)
{
	struct rt rt = rt_new();
	char *delay;

	rt_program(&rt, MODE_RUN, "contention mutexes");
	export_run(&rt, "--format pprof --view block -o block.pb.gz");
	delay = consume(&rt, "go tool pprof -top -unit=ms -tagfocus=lock=mutex block.pb.gz | grep ' want'");
	cr_expect(atof(delay) >= 550, "want: %s", delay);
	free(delay);
	rt_end(&rt);
}

/* Two threads wait until the process ends: for a condition that is never signalled, and a semaphore that is never
 * posted. */
Test(pprof, block_has_waits_that_never_end)
{
	struct rt rt = rt_new();
	char *top;

	rt_program(&rt, MODE_RUN, "blocked_at_exit");
	export_run(&rt, "--format pprof --view block -o block.pb.gz");
	top = consume(&rt, PPROF "-top -sample_index=contentions -tagfocus=state=blocked block.pb.gz");
	expect_has(top, "on_condition", "pprof");
	expect_has(top, "on_semaphore", "pprof");
	free(top);
	rt_end(&rt);
}

/* ---- threads -------------------------------------------------------------------------- */

Test(pprof, threads_that_are_blocked_at_the_end)
{
	struct rt rt = rt_new();
	char *top, *created;

	rt_program(&rt, MODE_RUN, "blocked_at_exit");
	export_run(&rt, "--format pprof --view threads -o threads.pb.gz");
	top = consume(&rt, PPROF "-top -tagfocus=state=blocked threads.pb.gz");
	expect_has(top, "Type: alive", "pprof");
	expect_has(top, "Showing nodes accounting for 2B, 100% of 2B total", "pprof -tagfocus=state=blocked");
	created = consume(&rt, PPROF "-top -sample_index=created threads.pb.gz");
	cr_expect_eq(total_of(created),
	             (long long)json_array_size(json_at(rt_process(&rt, "blocked_at_exit"), "threads")));
	expect_has(created, "[main thread]", "pprof -sample_index=created");
	free(top);
	free(created);
	rt_end(&rt);
}

/* ---- how it is asked for ---------------------------------------------------------------- */

Test(pprof, to_standard_output_and_into_a_pipe)
{
	struct rt rt = known_heap();
	char *same = consume(&rt, "%s export %s --format pprof --view allocs | cmp - heap.pb.gz && echo same",
	                     rt_built("ringtail"), rt.run);

	expect_has(same, "same", "cmp");
	free(same);
	rt_end(&rt);
}
