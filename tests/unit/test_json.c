#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/stored_run.h"

static struct stored_run run;

static void add_findings(uint32_t stack)
{
	struct finding *leak = finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE), *deadlock;

	leak->blocks = 2;
	leak->bytes = 4096;
	finding_message(leak, "two blocks are lost");
	finding_add_stack(leak, "allocated here", 1, 2000000, stack);
	deadlock = finding_add(run.analysis->findings, FINDING_DEADLOCK_PREDICTED);
	finding_message(deadlock, "could deadlock");
	finding_add_object(deadlock, RT_KIND_MUTEX, 0xabc0, 1, stack);
	finding_add_thread(deadlock, 3);
	finding_add_thread(deadlock, 2);
	*finding_add_edge(deadlock) = (struct finding_edge){
	    .thread = 2,
	    .held = {.kind = RT_KIND_MUTEX, .address = 0xabc0},
	    .wanted = {.kind = RT_KIND_MUTEX, .address = 0xdef0},
	    .held_stack = stack,
	    .wanted_stack = stack,
	    .held_since = 3000000,
	};
	finding_add_word(run.analysis->findings, KIND_LOSS, NULL);
}

static void make(void)
{
	struct process_end end = {.how = END_EXIT, .status = 3};
	uint32_t stack;

	stored_run_make(&run);
	stack = stored_run_stack(&run, 2, place_allocate, place_start);
	stored_run_alloc(&run, 1, stack, 0x1000, 100);
	stored_run_free(&run, 1, stack, 0x1000);
	stored_run_finish(&run, end);
	add_findings(stack);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
}

static void remove_run(void) { stored_run_remove(&run); }
TestSuite(json, .init = make, .fini = remove_run);

/* One process's object; the whole is *root, to be released. */
static json_t *render(unsigned parts, const char *only, json_t **root)
{
	char *text = stored_run_render(&run, (struct report){.parts = parts, .query.only = only}, report_json);
	json_error_t error;

	*root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	cr_assert(*root, "%s in line %d of:\n%s", error.text, error.line, text);
	free(text);
	return json_array_get(json_object_get(*root, "processes"), 0);
}

/* Whether object has all of these, separated by spaces. */
static void expect_keys(json_t *object, const char *keys)
{
	char *copy = strdup(keys), *rest = copy, *key;

	while ((key = strsep(&rest, " ")))
		cr_expect(json_object_get(object, key), "no \"%s\"", key);
	free(copy);
}

static json_t *finding_of(json_t *process, const char *kind)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		if (!strcmp(json_string_value(json_object_get(finding, "kind")), kind))
			return finding;
	}
	return NULL;
}

Test(json, processes_say_all_that_they_must)
{
	json_t *root, *process = render(PART_FINDINGS | PART_THREADS | PART_HEAP, NULL, &root);

	expect_keys(root, "ringtail run processes");
	expect_keys(json_object_get(root, "ringtail"), "version schema");
	expect_keys(json_object_get(root, "run"), "directory started seconds command");
	expect_keys(process, "pid parent exe command end events watched leak_scan heap threads findings");
	expect_keys(json_object_get(process, "end"), "how status signal");
	expect_keys(json_object_get(process, "heap"), "allocations allocated_bytes peak_bytes peak_at "
	                                              "live_at_end_blocks live_at_end_bytes temporary");
	cr_expect_str_eq(json_string_value(json_object_get(json_object_get(process, "end"), "how")), "exit");
	cr_expect_eq(json_integer_value(json_object_get(json_object_get(process, "end"), "status")), 3);
	cr_expect(json_is_null(json_object_get(json_object_get(process, "end"), "signal")));
	cr_expect(json_is_false(json_object_get(json_object_get(process, "leak_scan"), "done")));
	json_decref(root);
}

Test(json, findings_and_frames_have_all_their_fields)
{
	json_t *root, *process = render(PART_FINDINGS, NULL, &root);
	json_t *leak = finding_of(process, "leak");
	json_t *stack = json_array_get(json_object_get(leak, "stacks"), 0);
	json_t *frame = json_array_get(json_object_get(stack, "frames"), 0);

	expect_keys(leak, "kind class id message suppressed blocks bytes objects threads stacks edges");
	expect_keys(stack, "label thread at frames");
	expect_keys(frame, "function file line inlined module offset build_id");
	cr_expect_str_eq(json_string_value(json_object_get(frame, "function")), "place_allocate");
	cr_expect_eq(strncmp(json_string_value(json_object_get(frame, "offset")), "0x", 2), 0);
	cr_expect(json_is_integer(json_object_get(frame, "line")));
	cr_expect_eq(json_integer_value(json_object_get(leak, "bytes")), 4096);
	json_decref(root);
}

Test(json, deadlocks_have_edges_with_both_stacks)
{
	json_t *root, *process = render(PART_FINDINGS, NULL, &root);
	json_t *deadlock = finding_of(process, "deadlock");
	json_t *edge = json_array_get(json_object_get(deadlock, "edges"), 0);

	expect_keys(edge, "thread held wanted inferred");
	expect_keys(json_object_get(edge, "held"), "what address generation name created stack at shared");
	cr_expect_eq(json_array_size(json_object_get(json_object_get(edge, "wanted"), "stack")), 2);
	cr_expect_eq(json_array_size(json_object_get(deadlock, "stacks")), 2);
	cr_expect_eq(json_array_size(json_object_get(deadlock, "threads")), 2);
	expect_keys(json_array_get(json_object_get(deadlock, "objects"), 0), "what address generation name created");
	json_decref(root);
}

Test(json, only_filters_findings)
{
	json_t *root, *process = render(PART_FINDINGS, "deadlock:predicted", &root);

	cr_expect_eq(json_array_size(json_object_get(process, "findings")), 1);
	cr_expect(finding_of(process, "deadlock"));
	json_decref(root);
}

Test(json, the_class_is_null_where_there_is_none)
{
	json_t *root, *process = render(PART_FINDINGS, NULL, &root);

	cr_expect(json_is_null(json_object_get(finding_of(process, "loss"), "class")));
	json_decref(root);
}

Test(json, heap_in_detail_has_sites_sizes_threads_and_samples)
{
	json_t *root, *process = render(PART_HEAP | PART_DETAIL, NULL, &root);
	json_t *heap = json_object_get(process, "heap");

	expect_keys(heap, "sites sizes threads samples");
	expect_keys(json_array_get(json_object_get(heap, "sites"), 0), "type allocations allocated_bytes stack");
	cr_expect_eq(json_array_size(json_object_get(json_array_get(json_object_get(heap, "sites"), 0), "stack")), 2);
	json_decref(root);
}
