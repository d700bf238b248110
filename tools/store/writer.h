/*
 * Writing one process: a prepared insert per table, rows bound column by
 * column in the order of schema.sql.
 *
 * The first failure is kept; what follows it does nothing, so that callers need not look after each row.
 */
#ifndef RINGTAIL_STORE_WRITER_H
#define RINGTAIL_STORE_WRITER_H

#include "tools/finding/findings.h"
#include "tools/analyse/heap/heap.h"
#include "tools/store/stack_set.h"
#include "tools/store/store.h"

#define STORE_TABLES(T)                                                                                      \
	T(process)                                                                                           \
	T(loss)                                                                                              \
	T(module) T(stack) T(frame) T(thread) T(thread_group) T(thread_blocker) T(thread_site) T(heap) T(heap_site) T(heap_share) T(heap_thread) T(heap_size_class)         \
	    T(heap_sample) T(lock_class) T(lock_wait) T(lock_hold) T(lock_interval) T(lock_order) T(lock) T(finding) T(finding_stack)       \
	        T(finding_object) T(finding_edge) T(finding_kept) T(finding_thread)

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
	bool failed;
	struct error *err;
};

struct row {
	struct writer *writer;
	sqlite3_stmt *statement;
	int column;
};

/* Prepares what the store's writers share. */
bool writer_open(struct writer *writer);
/* Gives it back, with the store. */
void writer_forget(struct store *store);
/* Removes what is stored of the process, in all tables. */
void writer_clear(struct writer *writer);
void writer_fail(struct writer *writer);
/* Whether the last failure is that the file takes no more, or may not be written. */
bool store_unwritable(sqlite3 *db);

/* A row of table; its first column, the process, is bound. */
struct row row_begin(struct writer *writer, enum store_table table);
void row_int(struct row *row, int64_t value);
void row_real(struct row *row, double value);
/* NULL is SQL's NULL; what is not UTF-8 is replaced. */
void row_text(struct row *row, const char *text);
void row_null(struct row *row);
/* Seconds since the process started, or NULL for stamp 0. */
void row_stamp(struct row *row, uint64_t stamp);
/* Seconds, of a time in ticks. */
void row_ticks(struct row *row, uint64_t ticks);
/* NULL for thread 0. */
void row_thread(struct row *row, uint32_t thread);
/* The stack, which will be stored with its frames, or NULL where there is none. */
void row_stack(struct row *row, uint32_t stack);
void row_end(struct row *row);

void store_heap(struct writer *writer);
void store_threads(struct writer *writer);
void store_locks(struct writer *writer);
void store_findings(struct writer *writer);
/* After all others: what they refer to. */
void store_stacks(struct writer *writer);

#endif
