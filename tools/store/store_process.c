#include "tools/analyse/locks/fork_locks.h"
#include "tools/base/progress.h"
#include "tools/base/text.h"
#include "tools/source/program_path.h"
#include "tools/store/wrappers.h"
#include "tools/store/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int exec(struct store *store, const char *sql) { return sqlite3_exec(store->db, sql, NULL, NULL, NULL); }

/* The process's id in the database: the one that it has there (*known becomes true), or the next free one. */
static int64_t process_id(struct writer *writer, bool *known)
{
	static const char sql[] = "SELECT coalesce(earlier, next), earlier IS NOT NULL FROM"
	                          " (SELECT (SELECT id FROM process WHERE pid = ?1 AND image = ?2 AND started_ns = ?3)"
	                          " AS earlier,"
	                          " (SELECT coalesce(max(id), 0) + 1 FROM process) AS next)";
	sqlite3_stmt *statement = NULL;
	int64_t id = 0;

	*known = false;

	if (sqlite3_prepare_v2(writer->store->db, sql, -1, &statement, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, writer->ring->header.pid);
		sqlite3_bind_int64(statement, 2, writer->ring->header.image);
		sqlite3_bind_int64(statement, 3, (int64_t)writer->ring->header.realtime_ns);
		if (sqlite3_step(statement) == SQLITE_ROW) {
			id = sqlite3_column_int64(statement, 0);
			*known = sqlite3_column_int(statement, 1);
		}
	}
	if (!id)
		writer_fail(writer);
	sqlite3_finalize(statement);
	return id;
}

static const char *how_name(const struct process_end *end)
{
	switch (end->how) {
	case END_EXIT:
		return "exit";
	case END_SIGNAL:
		return "signal";
	case END_EXEC:
		return "exec";
	default:
		return "running";
	}
}

static const char *stacks_name(uint32_t stacks)
{
	return stacks == RT_STACKS_FULL ? "full" : stacks == RT_STACKS_CALLER ? "caller" : "none";
}

static void row_identity(struct row *row, const struct ring_file *ring)
{
	const struct rt_header *header = &ring->header, *shared = ring->shared;
	size_t bytes = header->command_bytes < RT_COMMAND_MAX ? header->command_bytes : RT_COMMAND_MAX;
	char *command = text_command_json(header->command, bytes);
	char exe[RT_PATH_MAX], started[40];

	text_rfc3339(header->realtime_ns, started, sizeof(started));
	row_int(row, header->pid);
	row_int(row, header->image);
	row_int(row, header->parent);
	row_int(row, header->pid_space);
	row_text(row, program_path(header, exe));
	row_text(row, command);
	row_int(row, shared->command_truncated != 0);
	row_text(row, started);
	row_int(row, (int64_t)header->realtime_ns);
	free(command);
}

static void row_ending(struct row *row, const struct ring_file *ring, const struct process_end *end)
{
	char signal[24];

	row_real(row, end->stamp ? ring_file_seconds(ring, end->stamp) : 0);
	row_int(row, end->at_least);
	row_text(row, how_name(end));
	if (end->how == END_EXIT)
		row_int(row, end->status);
	else
		row_null(row);
	row_text(row, end->how == END_SIGNAL && text_signal(end->signal, signal, sizeof(signal)) ? signal : NULL);
}

static const char *why_missed(uint32_t missed)
{
	switch (missed) {
	case RT_SCAN_MISSED_CHILDREN_ELSEWHERE:
		return "its children are born in another PID namespace (unshare, setns), where `ringtail-scan` would "
		       "be one of them: start it with `ringtail run`, which scans it from outside";
	case RT_SCAN_MISSED_NO_TOOL:
		return "there is no `ringtail-scan` beside the library";
	case RT_SCAN_MISSED_NO_PROCESS:
		return "no process could be made for `ringtail-scan`: there are too many, or memory is short";
	case RT_SCAN_MISSED_VALGRIND:
		return "the program ran under valgrind, which lets it start no `ringtail-scan`: with `ringtail run` "
		       "it is scanned from outside";
	case RT_SCAN_MISSED_RESTRICTED:
		return "the process was under seccomp, and ringtail makes no system calls there";
	case RT_SCAN_MISSED_OTHER_USER:
		return "the process had become another user than its ring's owner: `ringtail run` as root scans it all "
		       "the same";
	case RT_SCAN_MISSED_LIMIT:
		return "`ringtail-scan` ended without a result: the program's limit of memory (RLIMIT_AS) is too small "
		       "for it";
	case RT_SCAN_MISSED_TOOL:
		return "`ringtail-scan` ended without a result";
	case RT_SCAN_MISSED_LATE:
		return "the scan took longer than --scan-wait allows";
	default:
		return "the process did not wait for one at its end";
	}
}

/* The reason for which no scan was tried. */
static void why_no_scan(const struct analysis *analysis, char why[WHY_NO_SCAN])
{
	const struct process_end *end = &analysis->end;
	char signal[24];

	if (!ring_file_sees_heap(analysis->ring))
		no_scan_because(why, "the heap was not watched");
	else if (end->how == END_RUNNING)
		no_scan_because(why, "the process still runs: `ringtail leaks --now` scans it now");
	else if (end->how == END_SIGNAL)
		no_scan_of_killed(why, text_signal(end->signal, signal, sizeof signal) ? signal : NULL);
	else if (!analysis->ring->header.scan_wait)
		no_scan_because(why, "it was turned off (--scan=no)");
	else if (end->how == END_EXIT && load_relaxed(&analysis->ring->shared->end_how) == RT_END_RUNNING)
		no_scan_because(why, NO_SCAN_OWN_EXIT);
	else
		no_scan_because(why,
		                why_missed(load_relaxed(&analysis->ring->shared->scan_missed) & RT_SCAN_MISSED_KIND));
}

static void row_scan(struct row *row, const struct analysis *analysis)
{
	const struct leak_scan *scan = &analysis->scan;
	char why[WHY_NO_SCAN];

	why_no_scan(analysis, why);
	row_int(row, scan->done);
	row_text(row, scan->done ? NULL : scan->tried ? scan->why_not : why);
	if (scan->tried) {
		row_real(row, (double)scan->pause_ns / 1e9);
		row_real(row, (double)scan->whole_ns / 1e9);
	} else {
		row_null(row);
		row_null(row);
	}
}

static void store_process_row(struct writer *writer)
{
	const struct rt_header *header = &writer->ring->header;
	struct row row = row_begin(writer, TABLE_process);

	row_identity(&row, writer->ring);
	row_ending(&row, writer->ring, &writer->analysis->end);
	row_int(&row, (int64_t)writer->totals.events);
	row_int(&row, (int64_t)writer->totals.lost);
	row_int(&row, ring_file_sees_heap(writer->ring));
	row_int(&row, !!(header->watch & RT_WATCH_LOCKS));
	row_text(&row, stacks_name(header->stacks));
	row_int(&row, header->depth);
	row_scan(&row, writer->analysis);
	row_int(&row, writer->final);
	row_end(&row);
}

static void store_loss(struct writer *writer, const char *what, uint64_t count, const char *why)
{
	struct row row;

	if (!count)
		return;
	row = row_begin(writer, TABLE_loss);
	row_text(&row, what);
	row_int(&row, (int64_t)count);
	row_text(&row, why);
	row_end(&row);
}

static void store_losses(struct writer *writer)
{
	const struct rt_header *shared = writer->ring->shared;
	uint64_t lost = writer->totals.lost;
	uint64_t never = writer->totals.never_written < lost ? writer->totals.never_written : lost;

	store_loss(writer, "events", lost - never, "overwritten by later ones: the ring was full");
	store_loss(writer, "events", never, "never written: no room");
	store_loss(writer, "stacks", shared->stacks_lost, "the stack table was full");
	store_loss(writer, "records", writer->totals.bad_records, "not understood");
	store_loss(writer, "memory", writer->analysis->scan.unread, "bytes that the leak scan could not read");
	store_loss(writer, "order", writer->totals.late, "came too late to be put in order");
}

static void find_wrappers(struct writer *writer)
{
	size_t count;
	const struct heap_site *sites = heap_sites(writer->analysis->heap, &count);

	wrappers_find(&writer->stacks, sites, count);
}

/* Rows of other processes refer to them. */
static void use_named_stacks(struct writer *writer)
{
	for (size_t i = 0; i < writer->named_count; i++)
		stack_set_use(&writer->stacks, writer->named_stacks[i]);
}

static void store_parts(struct writer *writer)
{
	struct progress progress;
	char what[64];
	bool known;

	/* Names are looked up from here on: first those of the allocation sites. */
	snprintf(what, sizeof(what), "storing the results of pid %u", writer->ring->header.pid);
	progress_begin(&progress, what, 0);
	writer->process = process_id(writer, &known);
	if (known)
		writer_clear(writer);
	store_process_row(writer);
	store_losses(writer);
	store_unwatched(writer);
	store_child_ends(writer);
	find_wrappers(writer);
	store_threads(writer);
	store_heap(writer);
	store_locks(writer);
	store_findings(writer);
	store_race_search(writer);
	writer->named_stacks = locks_fork_stacks(writer->analysis->locks, &writer->named_count);
	use_named_stacks(writer);
	store_stacks(writer);
	progress_end(&progress);
}

struct symbolizer *store_symbolizer(struct store *store)
{
	if (!store->symbolizer)
		store->symbolizer = symbolizer_new();
	return store->symbolizer;
}

static bool prepare(struct writer *writer)
{
	if (store_symbolizer(writer->store))
		symbolizer_process(writer->store->symbolizer, writer->ring);
	if (writer->store->symbolizer) {
		stack_set_new(&writer->stacks, writer->ring, writer->store->symbolizer);
		return writer_open(writer);
	}
	writer->failed = true;
	return error_set(writer->err, EXIT_INTERNAL, "out of memory while storing process %u",
	                 writer->ring->header.pid);
}

static void store_notice_parts(struct writer *writer)
{
	bool known;

	writer->process = process_id(writer, &known);
	store_process_row(writer);
	store_threads(writer);
	store_findings(writer);
	use_named_stacks(writer);
	store_stacks(writer);
}

/* Writes all parts in one transaction. */
static bool write_all(struct writer *writer, void parts(struct writer *writer))
{
	struct store *store = writer->store;

	if (exec(store, "BEGIN IMMEDIATE") != SQLITE_OK) {
		writer_fail(writer);
		return false;
	}
	if (prepare(writer))
		parts(writer);
	stack_set_free(&writer->stacks);
	u64_map_free(&writer->locks);
	if (!writer->failed && exec(store, "COMMIT") != SQLITE_OK)
		writer_fail(writer);
	if (writer->failed)
		exec(store, "ROLLBACK");
	return !writer->failed;
}

bool store_process(struct store *store, struct analysis *analysis, struct merge_totals totals, bool final,
                   struct error *err)
{
	struct writer writer = {
	    .store = store,
	    .analysis = analysis,
	    .ring = analysis->ring,
	    .totals = totals,
	    .final = final,
	    .err = err,
	};

	return write_all(&writer, store_parts);
}

bool store_notice(struct store *store, struct ring_file *ring, struct thread_analysis *threads,
                  struct finding_list *findings, const uint32_t *stacks, size_t stack_count, struct error *err)
{
	struct analysis analysis = {
	    .ring = ring, .threads = threads, .findings = findings, .end = {.how = END_RUNNING}};
	struct writer writer = {.store = store,
	                        .analysis = &analysis,
	                        .ring = ring,
	                        .named_stacks = stacks,
	                        .named_count = stack_count,
	                        .err = err};

	return write_all(&writer, store_notice_parts);
}
