#include "tools/analyse/locks.h"
#include "tools/store/writer.h"

static void row_ticks(struct row *row, uint64_t ticks)
{
	row_real(row, (double)ring_file_ns(row->writer->ring, ticks) / 1e9);
}

static void store_lock(struct writer *writer, const struct lock_result *lock)
{
	struct row row = row_begin(writer, TABLE_lock);

	row_int(&row, lock->id);
	row_text(&row, event_kind_name(lock->kind));
	row_int(&row, (int64_t)lock->address);
	row_int(&row, lock->generation);
	row_stack(&row, lock->init_stack);
	row_stack(&row, lock->first_stack);
	row_int(&row, (int64_t)lock->acquisitions);
	row_int(&row, (int64_t)lock->contended);
	row_int(&row, (int64_t)lock->failed);
	row_ticks(&row, lock->wait_ticks);
	row_ticks(&row, lock->wait_longest);
	row_ticks(&row, lock->hold_ticks);
	row_ticks(&row, lock->hold_longest);
	row_stack(&row, lock->worst_wait_stack);
	row_int(&row, lock->owner);
	row_int(&row, lock->folded);
	row_end(&row);
}

void store_locks(struct writer *writer)
{
	size_t count;
	const struct lock_result *locks = locks_results(writer->analysis->locks, &count);

	for (size_t i = 0; i < count && !writer->failed; i++)
		store_lock(writer, &locks[i]);
}
