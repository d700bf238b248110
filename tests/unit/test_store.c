#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/stored_run.h"
#include "tools/analyse/heap/leaks.h"
#include "tools/store/finding_id.h"
#include "tools/base/text.h"

static const struct process_end exited = {.how = END_EXIT, .status = 3};

static struct stored_run run;

static void make(void) { stored_run_make(&run); }
static void remove_run(void) { stored_run_remove(&run); }
TestSuite(store, .init = make, .fini = remove_run);

#define EXPECT_QUERY(sql, expected) cr_expect_str_eq(stored_run_query(&run, sql), expected)

static void two_leaks(void)
{
	uint32_t one = stored_run_stack(&run, 2, place_allocate, place_start);
	uint32_t other = stored_run_stack(&run, 3, place_allocate, place_work, place_start);

	stored_run_alloc(&run, 1, one, 0x1000, 100);
	stored_run_alloc(&run, 1, other, 0x2000, 50);
	stored_run_alloc(&run, 1, other, 0x3000, 50);
	stored_run_free(&run, 1, one, 0x2000);
	stored_run_finish(&run, exited);
}

Test(store, the_file_is_for_its_owner_alone)
{
	struct stat status;

	cr_assert_eq(stat(run.store.path, &status), 0);
	cr_expect_eq(status.st_mode & 07777, 0600);
	EXPECT_QUERY("PRAGMA user_version", "19");
}

/* ---- the documentation -------------------------------------------------------------------------- */

static void expect_in_file(const char *path, const char *words)
{
	char *text = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "re");

	cr_assert(file, "no %s", path);
	cr_assert_geq(getdelim(&text, &room, '\0', file), 0, "%s is empty", path);
	cr_expect(strstr(text, words), "%s does not have: %s", path, words);
	free(text);
	fclose(file);
}

Test(store, the_documentation_has_the_number_of_the_schema)
{
	char words[64];

	snprintf(words, sizeof words, "of the schema, %d now", STORE_SCHEMA);
	expect_in_file("docs/DATABASE.md", words);
	snprintf(words, sizeof words, "\"schema\": %d}", STORE_SCHEMA);
	expect_in_file("docs/REPORTS.md", words);
}

Test(store, the_documentation_has_every_table_and_view)
{
	static const char sql[] = "SELECT '| `' || name || '` |' FROM sqlite_schema WHERE type IN ('table', 'view')";
	sqlite3_stmt *row = NULL;
	unsigned rows = 0;

	cr_assert_eq(sqlite3_prepare_v2(run.store.db, sql, -1, &row, NULL), SQLITE_OK);
	for (; sqlite3_step(row) == SQLITE_ROW; rows++)
		expect_in_file("docs/DATABASE.md", (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	cr_expect_gt(rows, 30, "only %u tables and views", rows);
}

/* ---- the database ------------------------------------------------------------------------------- */

Test(store, process_and_heap_are_stored)
{
	two_leaks();
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT end_how || end_status || final FROM process", "exit31");
	EXPECT_QUERY("SELECT command FROM process", "[\"synthetic\",\"-x\"]");
	EXPECT_QUERY("SELECT events_recorded FROM process", "1234567");
	EXPECT_QUERY("SELECT allocations || ' ' || allocated_bytes || ' ' || live_bytes || ' ' || peak_bytes "
	             "FROM heap",
	             "3 200 150 200");
	EXPECT_QUERY("SELECT count(*) FROM heap_site", "2");
	cr_expect(store_has_final(&run.store, &run.ring.header));
	run.ring.header.image++;
	cr_expect_not(store_has_final(&run.store, &run.ring.header));
}

Test(store, stacks_have_names_innermost_first)
{
	two_leaks();
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT group_concat(function, ' ') FROM (SELECT * FROM v_stack WHERE stack ="
	             " (SELECT stack FROM heap_site WHERE allocations = 2) ORDER BY depth, ordinal)",
	             "place_allocate place_work place_start");
	EXPECT_QUERY("SELECT count(*) FROM v_stack WHERE file NOT LIKE '%/tests/harness/stored_run.c'", "0");
	EXPECT_QUERY("SELECT function FROM v_top_sites LIMIT 1", "place_allocate");
}

Test(store, a_stack_that_nothing_refers_to_is_not_stored)
{
	stored_run_stack(&run, 3, place_allocate, place_work, place_start);
	stored_run_finish(&run, exited);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT count(*) FROM stack", "0");
	EXPECT_QUERY("SELECT count(*) FROM frame", "0");
}

Test(store, a_stack_that_goes_in_circles_ends)
{
	uint64_t *nodes = (uint64_t *)(run.builder.map + run.builder.header->nodes.offset);
	uint32_t stack = stored_run_stack(&run, 2, place_allocate, place_start);

	nodes[0] = (uint64_t)stack << 32 | (uint32_t)nodes[0];
	stored_run_alloc(&run, 1, stack, 0x1000, 100);
	stored_run_finish(&run, exited);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT count(*) FROM stack", "2");
	EXPECT_QUERY("SELECT max(depth) FROM v_stack", "4095");
}

/* Pids come again, at one time in several PID namespaces, later in one. */
Test(store, another_process_of_the_same_pid_is_stored_beside)
{
	two_leaks();
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	run.ring.header.realtime_ns++;
	cr_expect_not(store_has_final(&run.store, &run.ring.header));
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT count(*) FROM process", "2");
	EXPECT_QUERY("SELECT sum(allocations) FROM heap", "6");
}

Test(store, storing_again_replaces)
{
	two_leaks();
	cr_assert(stored_run_store(&run, false), "%s", run.err.text);
	cr_expect_not(store_has_final(&run.store, &run.ring.header));
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT count(*) FROM process", "1");
	EXPECT_QUERY("SELECT sum(allocations) FROM heap_site", "3");
}

Test(store, the_run_is_stored_as_text)
{
	char *command[] = {"a b", "\xff\"", NULL};

	cr_assert(store_run(&run.store, "dir", UINT64_C(1700000000123000000), 1.5, command, &run.err));
	EXPECT_QUERY("SELECT value FROM meta WHERE key = 'started'", "2023-11-14T22:13:20.123Z");
	EXPECT_QUERY("SELECT value FROM meta WHERE key = 'command'", "[\"a b\",\"\xef\xbf\xbd\\\"\"]");
}

Test(store, another_schema_is_refused)
{
	struct store again;
	struct error err = {0};

	cr_assert_eq(sqlite3_exec(run.store.db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	cr_expect_not(store_open_read(&again, run.directory, &err));
	cr_expect_eq(err.code, 65);
	cr_expect(strstr(err.text, "schema 99"));
	cr_expect_not(store_open(&again, run.directory, &err));
	cr_expect_eq(err.code, 65);
}

Test(store, what_is_no_database_is_refused)
{
	struct store again;
	struct error err = {0};
	FILE *file = fopen(run.store.path, "w");

	for (int i = 0; i < 5000; i++)
		fputc("garbage"[i % 7], file);
	fclose(file);
	cr_expect_not(store_open_read(&again, run.directory, &err));
	cr_expect_eq(err.code, 65);
	cr_expect_not(store_open_read(&again, "/nonexistent", &err));
	cr_expect_eq(err.code, 65);
}

/* ---- finding ids --------------------------------------------------------------------------- */

/* class: FINDING_NONE for none. */
static const char *id_of(enum finding_kind kind, enum finding_class class, uint32_t stack, uint32_t second)
{
	static char ids[8][FINDING_ID_TEXT];
	static int next;
	struct finding_list list = {0};
	struct finding *finding =
	    class == FINDING_NONE ? finding_add_word(&list, kind, NULL) : finding_add(&list, class);
	struct stack_set stacks;
	char *id = ids[next++ % 8];
	struct symbolizer *symbolizer = symbolizer_new();

	finding->bytes = finding->blocks = (uint64_t)rand();
	finding_message(finding, "%d bytes", rand());
	finding_add_stack(finding, "here", (uint32_t)rand(), 5, stack);
	if (second)
		finding_add_stack(finding, "there", 0, 0, second);
	stack_set_new(&stacks, &run.ring, symbolizer);
	finding_id(finding_key(&stacks, finding), 0, id);
	stack_set_free(&stacks);
	symbolizer_free(symbolizer);
	finding_list_free(&list);
	return id;
}

Test(store, ids_are_made_of_kind_class_and_functions)
{
	uint32_t one = stored_run_stack(&run, 2, place_allocate, place_start);
	uint32_t same = stored_run_stack(&run, 2, (char *)place_allocate + 1, place_start);
	uint32_t other = stored_run_stack(&run, 2, place_work, place_start);

	cr_expect_eq(strlen(id_of(KIND_LEAK, FINDING_LEAK_DEFINITE, one, 0)), 16);
	cr_expect_str_eq(id_of(KIND_LEAK, FINDING_LEAK_DEFINITE, one, 0),
	                 id_of(KIND_LEAK, FINDING_LEAK_DEFINITE, same, 0));
	cr_expect_str_eq(id_of(KIND_LEAK, FINDING_LEAK_DEFINITE, one, other),
	                 id_of(KIND_LEAK, FINDING_LEAK_DEFINITE, other, same));
	cr_expect_str_neq(id_of(KIND_LEAK, FINDING_LEAK_DEFINITE, one, 0),
	                  id_of(KIND_LEAK, FINDING_LEAK_DEFINITE, other, 0));
	cr_expect_str_neq(id_of(KIND_LEAK, FINDING_LEAK_DEFINITE, one, 0),
	                  id_of(KIND_LEAK, FINDING_LEAK_POSSIBLE, one, 0));
	cr_expect_str_neq(id_of(KIND_LEAK, FINDING_NONE, one, 0), id_of(KIND_POOL, FINDING_NONE, one, 0));
}

Test(store, findings_are_stored_worst_first)
{
	uint32_t stack = stored_run_stack(&run, 2, place_allocate, place_start);
	struct finding *finding;

	stored_run_finish(&run, exited);
	finding_add(run.analysis->findings, FINDING_LEAK_REACHABLE)->bytes = 1000000;
	finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE)->bytes = 10;
	finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE)->bytes = 20;
	finding = finding_add(run.analysis->findings, FINDING_DEADLOCK_REALISED);
	*finding_add_edge(finding) = (struct finding_edge){.thread = 2,
	                                                   .held = {.kind = RT_KIND_MUTEX, .address = 0x10},
	                                                   .wanted = {.kind = RT_KIND_RWLOCK},
	                                                   .held_stack = stack,
	                                                   .wanted_stack = stack,
	                                                   .wanted_shared = true};
	finding_add_thread(finding, 2);
	finding_add_thread(finding, 2);
	finding_list_sort(run.analysis->findings);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT group_concat(kind || bytes, ' ') FROM (SELECT * FROM finding ORDER BY ordinal)",
	             "deadlock0 leak20 leak10 leak1000000");
	EXPECT_QUERY("SELECT held || wanted || held_address || wanted_shared FROM finding_edge", "mutexrwlock161");
	EXPECT_QUERY("SELECT count(*) FROM finding_thread", "1");
}

/* As all of its class, or as this one; a defect is neither. */
Test(store, findings_say_whether_they_are_information)
{
	stored_run_finish(&run, exited);
	finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE)->bytes = 1;
	finding_add(run.analysis->findings, FINDING_LEAK_POSSIBLE)->bytes = 2;
	finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE)->information = true;
	finding_add_word(run.analysis->findings, KIND_CONTENTION, "mutex");
	finding_list_sort(run.analysis->findings);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT group_concat(kind || ':' || class || bytes, ' ') FROM v_findings WHERE NOT information",
	             "leak:definite1");
	EXPECT_QUERY("SELECT count(*) FROM v_findings WHERE information", "3");
}

/* The leak of 10 bytes with which 1000 were lost comes before the one of 20, and the lost ones are a part of it. */
Test(store, leaks_are_ranked_by_all_that_was_lost_with_them)
{
	uint32_t root = stored_run_stack(&run, 2, place_allocate, place_start);
	uint32_t part = stored_run_stack(&run, 2, place_work, place_start);
	struct leak_group groups[] = {
	    {.class = LEAK_DEFINITE, .stack = part, .blocks = 1, .bytes = 20},
	    {.class = LEAK_DEFINITE, .stack = root, .blocks = 1, .bytes = 10},
	    {.class = LEAK_INDIRECT, .stack = part, .owner_stack = root, .blocks = 5, .bytes = 600},
	    {.class = LEAK_INDIRECT, .stack = root, .owner_stack = root, .blocks = 4, .bytes = 400},
	};

	stored_run_finish(&run, exited);
	leaks_report(&(struct leak_scan){.done = true, .groups = groups, .count = 4}, false, NULL,
	             run.analysis->findings);
	finding_list_sort(run.analysis->findings);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT group_concat(bytes || '+' || kept_bytes || '/' || kept_blocks, ' ') FROM"
	             " (SELECT * FROM finding WHERE class = 'definite' ORDER BY ordinal)",
	             "10+1000/9 20+0/0");
	EXPECT_QUERY("SELECT group_concat(lost_with) FROM finding WHERE class = 'indirect'", "1,1");
	EXPECT_QUERY("SELECT count(*) FROM finding WHERE class = 'definite' AND lost_with IS NOT NULL", "0");
}

Test(store, equal_findings_are_in_one_order_whatever_came_first)
{
	uint32_t stacks[] = {stored_run_stack(&run, 1, place_allocate), stored_run_stack(&run, 1, place_work)};
	char *first;

	stored_run_finish(&run, exited);
	for (int i = 0; i < 2; i++)
		finding_add_stack(finding_add(run.analysis->findings, FINDING_THREAD_LEAK_UNJOINED), "", 0, 0,
		                  stacks[i]);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	first = strdup(stored_run_query(&run, "SELECT id FROM finding WHERE ordinal = 1"));
	for (int i = 0; i < 2; i++)
		run.analysis->findings->items[i].stacks[0].stack = stacks[1 - i];
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT id FROM finding WHERE ordinal = 1", first);
	free(first);
}

Test(store, two_places_in_one_function_have_two_ids)
{
	uint32_t stacks[] = {stored_run_stack(&run, 1, place_work), stored_run_stack(&run, 1, (char *)place_work + 1)};

	stored_run_finish(&run, exited);
	for (int i = 0; i < 2; i++)
		finding_add_stack(finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE), "", 0, 0, stacks[i]);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
	EXPECT_QUERY("SELECT count(DISTINCT id) FROM finding", "2");
}

/* ---- text ------------------------------------------------------------------------------------- */

Test(store_text, utf8_is_made_valid)
{
	static const char *const cases[][2] = {{"plain", "plain"},
	                                       {"\xc3\xa9", "\xc3\xa9"},
	                                       {"a\xff", "a\xef\xbf\xbd"},
	                                       {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
	                                       {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	                                       {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
	                                       {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *clean = text_utf8(cases[i][0], strlen(cases[i][0]));

		cr_expect_str_eq(clean, cases[i][1]);
		free(clean);
	}
}

Test(store_text, signals_have_names)
{
	char name[24];

	cr_assert(text_signal(9, name, sizeof(name)));
	cr_expect_str_eq(name, "SIGKILL");
	cr_expect_not(text_signal(0, name, sizeof(name)));
	cr_expect_not(text_signal(1000, name, sizeof(name)));
}
