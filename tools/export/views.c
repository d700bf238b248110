/* The views: the values of each, and the queries that these come from. */
#include <string.h>

#include "tools/export/samples.h"
#include "tools/query/lock_kinds.h"

static void read_numbers(struct sample *sample, sqlite3_stmt *row, int first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		sample->values[i] = sqlite3_column_int64(row, first + (int)i);
}

/* ---- heap --------------------------------------------------------------------------- */

static const struct value_type heap_values[] = {{"alloc_objects", "count"}, {"alloc_space", "bytes"},
                                                {"peak_objects", "count"},  {"peak_space", "bytes"},
                                                {"inuse_objects", "count"}, {"inuse_space", "bytes"}};

static void read_heap(struct samples *samples, const struct process *process)
{
	static const char sql[] = "SELECT stack, allocations, allocated_bytes, peak_blocks, peak_bytes, live_blocks,"
	                          " live_bytes, thread_group FROM v_site_groups WHERE process = ?";
	sqlite3_stmt *row = query_rows(samples->query, sql, 1, process->id);

	while (query_next(samples->query, row)) {
		struct sample sample = {0};

		read_numbers(&sample, row, 1, 6);
		sample_label(&sample, "thread", samples_group(samples, sqlite3_column_int64(row, 7)));
		samples_hand_on(samples, &sample, sqlite3_column_int64(row, 0), NULL);
	}
	sqlite3_finalize(row);
}

/* ---- threads ------------------------------------------------------------------------- */

static const struct value_type thread_values[] = {{"created", "count"}, {"alive", "count"}};

static const char *thread_origin(bool main, bool adopted)
{
	return main ? "[main thread]" : adopted ? "[thread not made by a call that is watched]" : NULL;
}

/* A thread: where it was made and, if it lives at the end, where it is blocked or that it runs. */
static void read_thread(struct samples *samples, sqlite3_stmt *row)
{
	bool main = sqlite3_column_int(row, 5), blocked = sqlite3_column_type(row, 4) != SQLITE_NULL;
	const char *state = query_text(row, 2), *origin = thread_origin(main, sqlite3_column_int(row, 6));
	int64_t made = sqlite3_column_int64(row, 1);
	struct sample sample = {.values = {1, 0}};

	sample_label(&sample, "thread", samples_group(samples, sqlite3_column_int64(row, 0)));
	sample_label(&sample, "state", state);
	sample_label(&sample, "blocked_on", query_text_or_null(row, 3));
	samples_hand_on(samples, &sample, made, origin);
	if (!strcmp(state, "ended"))
		return;
	sample.values[0] = 0;
	sample.values[1] = 1;
	if (blocked)
		samples_hand_on(samples, &sample, sqlite3_column_int64(row, 4), NULL);
	else
		samples_hand_on(samples, &sample, made, origin ? origin : "[runs; made here]");
}

static void read_threads(struct samples *samples, const struct process *process)
{
	static const char sql[] =
	    "SELECT thread_group, created_stack, state_at_end, blocked_on, blocked_stack, main, adopted"
	    " FROM thread WHERE process = ? ORDER BY id";
	sqlite3_stmt *row = query_rows(samples->query, sql, 1, process->id);

	while (query_next(samples->query, row))
		read_thread(samples, row);
	sqlite3_finalize(row);
}

/* ---- waits ---------------------------------------------------------------------------- */

static const struct value_type wait_values[] = {{"contentions", "count"}, {"delay", "nanoseconds"}};

#define NANOSECONDS(seconds) "CAST(round((" seconds ") * 1e9) AS INTEGER)"

enum owned { OWNED, NOT_OWNED, ALL };

/* Rows: the stack, the number of waits and their time, the kind of lock, the state.  which: locks with an owner, locks
 * without, or all. */
static void read_waits(struct samples *samples, const struct process *process, enum owned which, const char *sql)
{
	sqlite3_stmt *row = query_rows(samples->query, sql, 1, process->id);

	while (query_next(samples->query, row)) {
		struct sample sample = {0};

		if (which != ALL && lock_kind_is_owned(query_text(row, 3)) != (which == OWNED))
			continue;
		read_numbers(&sample, row, 1, 2);
		sample_label(&sample, "lock", query_text_or_null(row, 3));
		sample_label(&sample, "state", query_text_or_null(row, 4));
		samples_hand_on(samples, &sample, sqlite3_column_int64(row, 0), NULL);
	}
	sqlite3_finalize(row);
}

/* Waits, counted at the stack that held the lock. */
static void read_mutex(struct samples *samples, const struct process *process)
{
	read_waits(samples, process, OWNED,
	           "SELECT w.holder_stack, w.waits, " NANOSECONDS(
	               "w.wait_seconds") ", c.kind, NULL FROM lock_wait w"
	                                 " JOIN lock_class c ON c.process = w.process AND c.id = w.class"
	                                 " WHERE w.process = ? ORDER BY w.ordinal");
}

/* A wait for a lock with an owner counts to the end of the process, all other waits count when they are over. */
static void read_block(struct samples *samples, const struct process *process)
{
	read_waits(samples, process, ALL,
	           "SELECT w.stack, w.waits, " NANOSECONDS(
	               "w.wait_seconds") ", c.kind, NULL FROM lock_wait w"
	                                 " JOIN lock_class c ON c.process = w.process AND c.id = w.class WHERE "
	                                 "w.process = ? ORDER BY w.ordinal");
	read_waits(samples, process, NOT_OWNED,
	           "SELECT t.blocked_stack, 1, " NANOSECONDS(
	               "max(p.seconds - t.blocked_since, 0)") ", t.blocked_on, 'blocked' FROM thread t JOIN process p "
	                                                      "ON p.id = t.process"
	                                                      " WHERE t.process = ? AND t.state_at_end = 'blocked' AND "
	                                                      "t.blocked_on IS NOT NULL ORDER BY t.id");
}

/* ---- the table ----------------------------------------------------------------------- */

#define VALUES(array) array, sizeof array / sizeof *array

static const struct export_view views[] = {
    {"heap", "memory by the stack that allocated it: what was live at the end", VALUES(heap_values), "inuse_space",
     "nothing was live at the end; --view allocs shows all that was allocated, --view peak what was live at the peak",
     read_heap},
    {"allocs", "the same: all that was allocated", VALUES(heap_values), "alloc_space", "nothing was allocated",
     read_heap},
    {"peak", "the same: what was live at the peak", VALUES(heap_values), "peak_space", "nothing was allocated",
     read_heap},
    {"threads",
     "threads left at the end, by the stack where they are blocked, and all threads, by the stack that made them",
     VALUES(thread_values), "alive",
     "no thread was left at the end; --value created shows all threads, by the stack that made them", read_threads},
    {"mutex", "how long other threads waited for a lock, by the stack that had taken it", VALUES(wait_values), "delay",
     "no thread waited for a lock", read_mutex},
    {"block", "how long threads waited, by the stack that waited, including threads that still wait",
     VALUES(wait_values), "delay", "no thread waited", read_block},
};

const struct export_view *export_view_at(size_t n) { return n < sizeof views / sizeof *views ? &views[n] : NULL; }

const struct export_view *export_view_find(const char *name)
{
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		if (!strcmp(views[i].name, name))
			return &views[i];
	return NULL;
}

int export_view_value(const struct export_view *view, const char *name)
{
	for (unsigned i = 0; i < view->value_count; i++)
		if (!strcmp(view->values[i].name, name))
			return (int)i;
	return -1;
}
