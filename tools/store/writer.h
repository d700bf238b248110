/*
 * Writes one process to the database: a prepared insert for each table, whose columns are bound one after the other in
 * the order of schema.sql.
 *
 * The first failure is kept in the writer.  All later calls do nothing, so callers need not check each row.
 */
#ifndef RINGTAIL_STORE_WRITER_H
#define RINGTAIL_STORE_WRITER_H

#include "tools/finding/findings.h"
#include "tools/analyse/heap/heap.h"
#include "tools/store/stack_set.h"
#include "tools/store/store.h"

/* clang-format off */
#define STORE_TABLES(T) \
	T(process) T(child_end) T(loss) T(unwatched) T(module) T(stack) T(frame) T(thread) \
	T(thread_group) T(thread_blocker) T(thread_site) T(heap) T(heap_site) T(heap_share) \
	T(heap_thread) T(heap_size_class) T(heap_sample) T(heap_level) T(lock_class) T(lock_wait) T(lock_hold) \
	T(lock_interval) T(lock_order) T(lock) T(finding) T(finding_stack) T(finding_object) \
	T(finding_edge) T(finding_kept) T(finding_thread) T(race) T(race_side) T(race_lock) T(race_search)
/* clang-format on */

enum store_table {
#define T(name) TABLE_##name,
	STORE_TABLES(T)
#undef T
	    TABLE_COUNT
};

struct writer {
	struct store *store;
	struct analysis *analysis;
	const struct ring_file *ring;
	struct merge_totals totals;
	bool final;
	int64_t process; /* process.id */
	struct stack_set stacks;
	const uint32_t *named_stacks; /* that rows of other processes refer to */
	size_t named_count;
	struct u64_map locks; /* subject_names.c: the locks of the process, once they are listed */
	bool locks_listed;
	bool failed;
	struct error *err;
};

struct row {
	struct writer *writer;
	sqlite3_stmt *statement;
	int column;
};

/* Prepares the statements that all writers of the store share. */
bool writer_open(struct writer *writer);
/* Frees these statements; call this when the store is closed. */
void writer_forget(struct store *store);
/* Removes all rows of the process, in all tables. */
void writer_clear(struct writer *writer);
void writer_fail(struct writer *writer);
/* True if the last failure means that the file cannot be written: the disk is full, or permission is missing. */
bool store_unwritable(sqlite3 *db);

/* Begins a row of table and binds its first column, the process. */
struct row row_begin(struct writer *writer, enum store_table table);
void row_int(struct row *row, int64_t value);
void row_real(struct row *row, double value);
/* NULL becomes SQL's NULL; bytes that are not UTF-8 are replaced. */
void row_text(struct row *row, const char *text);
void row_null(struct row *row);
/* Binds seconds since the process started; SQL's NULL for stamp 0. */
void row_stamp(struct row *row, uint64_t stamp);
/* Binds a time in ticks as seconds. */
void row_ticks(struct row *row, uint64_t ticks);
/* SQL's NULL for thread 0. */
void row_thread(struct row *row, uint32_t thread);
/* Binds the stack, which store_stacks will store with its frames; SQL's NULL if it has none. */
void row_stack(struct row *row, uint32_t stack);
void row_end(struct row *row);

void store_unwatched(struct writer *writer);
/* Why there was no scan of a process that a signal ended; NULL: it is not known which. */
#define WHY_NO_SCAN      200
#define NO_SCAN_OWN_EXIT "the process ended by a system call of its own, which ringtail does not see"
void no_scan_because(char why[WHY_NO_SCAN], const char *because);
void no_scan_of_killed(char why[WHY_NO_SCAN], const char *signal);
/* The ends of children; and names the ends of processes of which nothing but their parent saw how they ended. */
void store_child_ends(struct writer *writer);
void store_heap(struct writer *writer);
void store_threads(struct writer *writer);
void store_locks(struct writer *writer);
void store_findings(struct writer *writer);
void store_race_search(struct writer *writer);
/* The rows of a race, of the finding with this ordinal. */
void store_race(struct writer *writer, int64_t ordinal, const struct finding_race *race);
/* The beginning of a row of a table whose rows are parts of a finding. */
struct row part_begin(struct writer *writer, enum store_table table, int64_t finding, size_t ordinal);
void row_object_name(struct row *row, const struct finding_object *object, uint64_t stamp);
const char *object_kind_name(unsigned kind);
/* Call this after all others: it stores the stacks to which their rows refer. */
void store_stacks(struct writer *writer);

#endif
