/*
 * From the tracer's file to the reports: what is caught is met in the order of events, judged, stored and shown.  The
 * ring and the file are made by builders.  The places are functions of this program, whose debug information decides.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/races_builder.h"
#include "tests/harness/stored_run.h"
#include "tools/analyse/heap/heap.h"
#include "tools/races/judge.h"
#include "tools/races/reader.h"
#include "tools/races/shapes.h"
#include "tools/render/render.h"

long race_reports_counter; /* not static: its name is that of the symbol */
static const uint64_t block = 0x50000, own_lock = 0x60000, common_lock = 0x60040;

enum { MAIN = 1, WRITER = 2, READER = 3 };

static struct stored_run run;
static struct races_builder races;
static struct ring_lane lanes[READER + 1];
static struct recording recording;
static uint32_t made, locked, started;

static void begin(void)
{
	stored_run_make(&run);
	run.builder.header->clock = RT_CLOCK_TSC;
	races_builder_make(&races, run.builder.path);
	made = stored_run_stack(&run, 2, place_allocate, place_start);
	locked = stored_run_stack(&run, 2, place_work, place_start);
	started = stored_run_stack(&run, 1, place_start);
	for (uint32_t i = MAIN; i <= READER; i++) {
		ring_lane_start(&lanes[i], &run.builder, i, 1);
		ring_lane_thread(&lanes[i], 10 + i, i);
	}
}

static void end(void)
{
	recording_close(&recording);
	races_builder_remove(&races);
	stored_run_remove(&run);
}
TestSuite(race_reports, .init = begin, .fini = end);

static void lock(uint32_t thread, uint64_t stamp, uint64_t mutex)
{
	ring_lane_write(&lanes[thread], stamp, RT_ACQUIRE, locked, 2, rt_word1(mutex, rt_sync_aux(RT_KIND_MUTEX, 0, 0)),
	                0);
}

static void unlock(uint32_t thread, uint64_t stamp, uint64_t mutex)
{
	ring_lane_write(&lanes[thread], stamp, RT_RELEASE, locked, 2, rt_word1(mutex, rt_sync_aux(RT_KIND_MUTEX, 0, 0)),
	                0);
}

/* A plain write, by its shape, and a read of the counter. */
static struct races_caught *catch_plain(uint64_t stamp)
{
	struct races_caught *caught =
	    races_builder_catch(&races, stamp, &race_reports_counter, place_work, place_allocate);

	caught->sides[0].shape = RACE_SHAPE_UPDATE;
	return caught;
}

static void open_recording(void)
{
	cr_assert(recording_open(&recording, run.builder.path, false, &run.err), "%s", run.err.text);
}

static void store(void)
{
	races_judge(&recording, store_symbolizer(&run.store));
	cr_assert(store_process(&run.store, recording.analysis, merge_totals(recording.merge), true, &run.err), "%s",
	          run.err.text);
}

/* As for a process that has ended. */
static void report(void)
{
	open_recording();
	races_take(&recording);
	recording_finish(&recording, (struct process_end){.how = END_EXIT});
	store();
}

static void expect(const char *sql, const char *answer)
{
	cr_expect_str_eq(stored_run_query(&run, sql), answer, "%s: %s", sql, stored_run_query(&run, sql));
}

/* ---- what is known of a race -------------------------------------------------------------------- */

Test(race_reports, a_race_on_a_variable_is_stored_with_all_that_is_known)
{
	catch_plain(100);
	report();
	expect("SELECT kind || ':' || class FROM finding WHERE kind = 'race'", "race:data");
	expect("SELECT message FROM finding WHERE kind = 'race'",
	       "a thread writes the variable race_reports_counter while another "
	       "thread reads it, and nothing orders these accesses");
	expect("SELECT about || ' ' || proof || ' ' || name FROM race", "variable met race_reports_counter");
	expect("SELECT replace(declared_file, rtrim(declared_file, replace(declared_file, '/', '')), '') FROM race",
	       "test_race_reports.c");
	expect("SELECT value_before || ' ' || value_after || ' ' || held FROM race",
	       "0x0000000000000007 0x0000000000000008 0.0002");
	expect("SELECT reason FROM race", "compilers make this instruction of plain accesses alone");
	expect("SELECT group_concat(thread || ' ' || access || ' ' || size || ' ' || does, ', ') FROM race_side",
	       "2 write 8 writes, 3 read 8 reads");
	expect("SELECT group_concat(label || ' ' || thread, ', ') FROM finding_stack WHERE finding IN (SELECT finding "
	       "FROM race)",
	       "8 bytes are written here 2, 8 bytes are read here 3");
	expect("SELECT function FROM v_where JOIN race_side USING (process, stack) WHERE side = 0", "place_work");
	expect("SELECT done || ' ' || seed || ' ' || share || ' ' || sites || ' ' || stops || ' ' || holds || ' ' ||"
	       " threads || ' ' || pairs || ' ' || stop_seconds || ' ' || hold_seconds || ' ' || seconds FROM"
	       " race_search",
	       "1 42 30 5000 300 20 3 1 0.003 0.007 0.1");
}

Test(race_reports, a_block_is_known_with_its_allocation)
{
	ring_lane_write(&lanes[MAIN], 50, RT_MALLOC, made, 2, rt_word1(block, 400), 0);
	races_builder_catch(&races, 100, (const void *)(uintptr_t)(block + 384), place_work, place_allocate);
	ring_lane_write(&lanes[MAIN], 200, RT_FREE, made, 2, rt_word1(block, 0), 0);
	report();
	expect("SELECT about || ' ' || block_into || ' ' || block_bytes || ' ' || allocated_by FROM race",
	       "block 384 400 1");
	expect("SELECT function FROM v_where, race WHERE v_where.process = race.process AND stack = allocated_stack",
	       "place_allocate");
	expect("SELECT label FROM finding_stack WHERE finding IN (SELECT finding FROM race) ORDER BY ordinal DESC",
	       "the block was allocated here");
}

/* The block that was there at the catch counts, and not the next one. */
Test(race_reports, a_block_that_comes_later_is_another)
{
	races_builder_catch(&races, 100, (const void *)(uintptr_t)block, place_work, place_allocate);
	ring_lane_write(&lanes[MAIN], 150, RT_MALLOC, made, 2, rt_word1(block, 400), 0);
	report();
	expect("SELECT about FROM race", "memory");
}

Test(race_reports, locks_are_those_of_the_moment)
{
	lock(WRITER, 40, own_lock);
	lock(READER, 50, common_lock);
	unlock(READER, 60, common_lock);
	catch_plain(100);
	unlock(WRITER, 110, own_lock);
	lock(READER, 120, own_lock);
	report();
	expect("SELECT group_concat(side || ' ' || what || ' ' || address, ', ') FROM race_lock", "0 mutex 393216");
	expect("SELECT function FROM v_where, race_lock l WHERE v_where.process = l.process AND stack = taken_stack",
	       "place_work");
}

/* Several catches come in the order of time, whatever their order in the file. */
Test(race_reports, each_catch_has_its_own_moment)
{
	races_builder_catch(&races, 200, &race_reports_counter, place_work, place_start);
	races_builder_catch(&races, 100, &race_reports_counter, place_work, place_allocate);
	lock(WRITER, 150, own_lock);
	report();
	expect("SELECT count(*) FROM race", "2");
	expect("SELECT (SELECT DISTINCT at FROM race_side JOIN race_lock USING (process, finding)) ="
	       " (SELECT max(at) FROM race_side)",
	       "1");
}

Test(race_reports, a_stack_of_several_frames_is_named)
{
	struct races_caught *caught = catch_plain(100);

	caught->sides[0].stack[0] = (uintptr_t)place_start + 3;
	caught->sides[0].frames = 1;
	caught->sides[0].stack_is_whole = 1;
	report();
	expect("SELECT group_concat(function, ' < ') FROM (SELECT function FROM v_stack JOIN race_side USING (process,"
	       " stack) WHERE side = 0 ORDER BY depth)",
	       "place_work < place_start");
}

static struct rt_module *module_at(unsigned index)
{
	return (struct rt_module *)(run.builder.map + run.builder.header->modules.offset) + index;
}

/* The shim meets a module with the first stack through it, which may come after the catch. */
Test(race_reports, a_module_that_is_met_later_is_the_one_that_was_there)
{
	module_at(0)->seen = 500;
	catch_plain(100);
	report();
	expect("SELECT name FROM race", "race_reports_counter");
	expect("SELECT function FROM v_where JOIN race_side USING (process, stack) WHERE side = 0", "place_work");
}

Test(race_reports, of_two_modules_that_are_met_later_none_is_taken)
{
	*module_at(1) = *module_at(0);
	run.builder.header->modules_used = 2;
	module_at(0)->seen = module_at(1)->seen = 500;
	catch_plain(100);
	report();
	expect("SELECT about FROM race", "memory");
	expect("SELECT name FROM race", "(none)");
}

/* ---- the class ----------------------------------------------------------------------------------- */

static void expect_class(const char *class)
{
	report();
	expect("SELECT class FROM finding WHERE kind = 'race'", class);
}

Test(race_reports, a_polled_flag_is_information)
{
	races_builder_catch(&races, 100, &race_reports_counter, place_work, place_allocate)->sides[1].polls = 1;
	expect_class("flag");
	expect("SELECT information FROM finding WHERE kind = 'race'", "1");
}

Test(race_reports, an_access_with_lock_makes_it_atomic)
{
	races_builder_catch(&races, 100, &race_reports_counter, place_work, place_allocate)->sides[0].shape =
	    RACE_SHAPE_LOCKED;
	expect_class("atomic");
}

Test(race_reports, lock_elsewhere_makes_it_atomic)
{
	races_builder_catch(&races, 100, &race_reports_counter, place_work, place_allocate)->sides[1].locked_nearby = 1;
	expect_class("atomic");
}

Test(race_reports, a_write_that_changes_nothing_is_information)
{
	catch_plain(100)->after[0] = 7;
	expect_class("same-value");
}

Test(race_reports, an_unknown_writer_proves_nothing)
{
	struct races_caught *caught = catch_plain(100);

	caught->proof = RACES_VALUE_CHANGED;
	memset(&caught->sides[1], 0, sizeof caught->sides[1]);
	expect_class("unproven");
	expect("SELECT count(*) FROM finding_stack WHERE finding IN (SELECT finding FROM race)", "1");
	expect("SELECT message FROM finding WHERE kind = 'race'",
	       "the variable race_reports_counter changes while a thread is about to "
	       "access it: the value changed, but the write was not seen");
}

Test(race_reports, an_unknown_writer_is_a_known_pair_that_was_caught_there)
{
	struct races_caught *value = catch_plain(100), *pair = catch_plain(200);

	value->proof = RACES_VALUE_CHANGED;
	memset(&value->sides[1], 0, sizeof value->sides[1]);
	pair->times = 3;
	expect_class("data");
	expect("SELECT count(*) || ' ' || sum(times) FROM finding WHERE kind = 'race'", "1 4");
}

/* ---- one finding or several ---------------------------------------------------------------------- */

Test(race_reports, instructions_of_one_statement_are_one_finding)
{
	struct races_caught *other;

	catch_plain(100);
	other = catch_plain(200);
	other->sides[0].pc++; /* the same line */
	other->sides[1].writes = 1;
	report();
	expect("SELECT count(*) || ' ' || sum(times) FROM finding WHERE kind = 'race'", "1 2");
}

Test(race_reports, other_memory_is_another_finding)
{
	catch_plain(100);
	races_builder_catch(&races, 200, (const void *)(uintptr_t)block, place_work, place_allocate)->sides[0].shape =
	    RACE_SHAPE_UPDATE;
	report();
	expect("SELECT count(*) FROM finding WHERE kind = 'race'", "2");
	expect("SELECT count(DISTINCT id) FROM finding WHERE kind = 'race'", "2");
}

static char *id_of(void (*first)(void), void (*second)(void))
{
	char *id;

	begin();
	races_builder_catch(&races, 100, &race_reports_counter, first, second)->sides[0].shape = RACE_SHAPE_UPDATE;
	report();
	id = strdup(stored_run_query(&run, "SELECT id FROM finding WHERE kind = 'race'"));
	end();
	return id;
}

/* Which thread is stopped first is chance. */
Test(race_report_ids, do_not_depend_on_the_order)
{
	char *one = id_of(place_work, place_allocate), *other = id_of(place_allocate, place_work),
	     *third = id_of(place_work, place_start);

	cr_expect_str_eq(one, other);
	cr_expect_str_neq(one, third);
	free(one);
	free(other);
	free(third);
}

/* ---- a live ring ------------------------------------------------------------------------------------ */

/* The file tells of a catch before its threads go on: so the reader knows of it before it gets their next events. */
Test(race_reports, a_catch_is_met_before_the_next_events_of_its_threads)
{
	struct races_reader reader;
	const struct event unlocks = {.stamp = 200,
	                              .type = RT_RELEASE,
	                              .thread = WRITER,
	                              .kind = RT_KIND_MUTEX,
	                              .object = own_lock,
	                              .stack = locked};

	lock(WRITER, 40, own_lock);
	open_recording();
	races_reader_begin(&reader, &recording);
	races_reader_poll(&reader);
	merge_finish(recording.merge, races_reader_deliver, &reader);
	catch_plain(100); /* while events up to here were read */
	races_reader_deliver(&reader, &unlocks, 1);
	races_reader_deliver(&reader, &unlocks, 0);
	races.file->caught[0].times = 9;
	races_reader_finish(&reader);
	races_reader_end(&reader);
	analysis_finish(recording.analysis, (struct process_end){.how = END_EXIT, .stamp = 300});
	store();
	expect("SELECT count(*) || ' ' || sum(times) FROM finding WHERE kind = 'race'", "1 9");
	expect("SELECT count(*) FROM race_lock", "1");
}

/* ---- files that are not as they should be --------------------------------------------------------- */

Test(race_reports, a_tracer_that_was_refused_says_why)
{
	races.file->state = RACES_REFUSED;
	strcpy(races.file->why, "another tracer has the process");
	report();
	expect("SELECT done || ' ' || why FROM race_search", "0 another tracer has the process");
	expect("SELECT count(*) FROM finding WHERE kind = 'race'", "0");
}

Test(race_reports, no_file_means_that_nothing_was_looked_for)
{
	remove(races.path);
	report();
	expect("SELECT count(*) FROM race_search", "0");
}

Test(race_reports, a_process_of_one_thread_was_not_looked_at)
{
	char *text;

	remove(races.path);
	run.builder.header->races_share = 30;
	report();
	expect("SELECT done || ' ' || share || ' ' || stops FROM race_search", "1 30 0");
	text = stored_run_render(&run, (struct report){.width = 200}, render_summary);
	cr_expect(strstr(text, "ringtail: data races: nothing was looked at, as there never were two threads\n"), "%s",
	          text);
	free(text);
}

Test(race_reports, a_tracer_that_did_not_start_is_told)
{
	remove(races.path);
	run.builder.header->races_share = 30;
	run.builder.header->races_state = RT_RACES_REFUSED;
	report();
	expect("SELECT done || ' ' || why FROM race_search",
	       "0 `ringtail-races` could not be started beside the library");
}

Test(race_reports, a_file_of_another_size_or_version_is_refused)
{
	catch_plain(100);
	races.file->version++;
	report();
	expect("SELECT count(*) FROM race_search", "0");
}

/* Whatever it says, it is no race. */
Test(race_reports, catches_that_are_none_are_left_out)
{
	catch_plain(100)->sides[0].writes = 0;
	catch_plain(100)->sides[1].address += 8;
	catch_plain(100)->proof = 77;
	catch_plain(100)->sides[1].pc = 0;
	catch_plain(100)->sides[0].size = 0;
	report();
	expect("SELECT count(*) FROM finding WHERE kind = 'race'", "0");
}

Test(race_reports, numbers_beyond_their_bounds_are_cut)
{
	struct races_caught *caught = catch_plain(100);

	caught->value_bytes = 4000000000u;
	caught->sides[0].frames = 4000000000u;
	caught->sides[0].shape = 200;
	caught->sides[1].shape = 201;
	caught->times = 0;
	races.file->count = 3000000000u;
	races.file->state = 77;
	memset(races.file->why, 'x', sizeof races.file->why);
	report();
	expect("SELECT count(*) FROM finding WHERE kind = 'race'", "1");
	expect("SELECT length(value_before) FROM race", "47");
	expect("SELECT pairs || ' ' || length(why) FROM race_search", "3000000000 255");
}

/* ---- reports ------------------------------------------------------------------------------------------ */

static void expect_in(const char *text, const char *const *wanted)
{
	for (; *wanted; wanted++)
		cr_expect(strstr(text, *wanted), "no \"%s\" in\n%s", *wanted, text);
}

Test(race_reports, the_text_tells_what_happened)
{
	char *text;

	lock(WRITER, 40, own_lock);
	catch_plain(100);
	report();
	text = stored_run_render(&run, (struct report){.parts = PART_FINDINGS, .width = 200}, render_text);
	expect_in(
	    text,
	    (const char *const[]){
	        "race:data", "8 bytes are written here by thread 2", "#0  place_work",
	        "8 bytes are read here by thread 3", "the variable is declared at test_race_reports.c:",
	        "the value was 0x0000000000000007 before both accesses, and 0x0000000000000008 after them",
	        "thread 2 (place_start) was stopped before its access for 200 us when thread 3 came to its own",
	        "it is race:data, because compilers make this instruction of plain accesses alone",
	        "thread 2 (place_start) held mutex 0x60000",
	        "data races: 5,000 sites, 3 threads: 300 stops, 20 holds; cost 10.0 ms of 100 ms (10.0%), seed 42",
	        NULL});
	free(text);
}

Test(race_reports, the_summary_has_a_line_also_without_a_race)
{
	char *text;

	report();
	text = stored_run_render(&run, (struct report){.width = 200}, render_summary);
	expect_in(text, (const char *const[]){
	                    "ringtail: data races: 5,000 sites, 3 threads: 300 stops, 20 holds; cost ", NULL});
	free(text);
}

Test(race_reports, the_summary_says_that_it_was_refused)
{
	char *text;

	races.file->state = RACES_REFUSED;
	strcpy(races.file->why, "another tracer has the process");
	report();
	text = stored_run_render(&run, (struct report){.width = 200}, render_summary);
	expect_in(text, (const char *const[]){
	                    "ringtail: no data races were looked for: another tracer has the process\n", NULL});
	free(text);
}

Test(race_reports, json_and_sarif_have_both_sides)
{
	char *text;

	catch_plain(100);
	report();
	text = stored_run_render(&run, (struct report){.parts = PART_FINDINGS}, report_json);
	expect_in(text, (const char *const[]){"\"proof\": \"met\"", "\"before\": \"0x0000000000000007\"",
	                                      "\"seed\": 42", "\"name\": \"race_reports_counter\"", "\"size\": 8",
	                                      "\"race_search\": {\"done\": true", NULL});
	free(text);
	text = stored_run_render(&run, (struct report){.parts = PART_FINDINGS}, render_sarif);
	expect_in(text, (const char *const[]){"8 bytes are written here", "8 bytes are read here", NULL});
	free(text);
}
