#include "tools/analyse/locks/cycle_verdict.h"

#include <stdlib.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"

#define ASSIGN_STEPS 4096u

/* ---- writers by lock ------------------------------------------------------------------ */

static int by_lock(const void *left, const void *right)
{
	const struct order_edge *a = *(struct order_edge *const *)left, *b = *(struct order_edge *const *)right;

	return compare_next(compare_numbers(a->key.wanted, b->key.wanted), a->witnesses[0].wanted_at,
	                    b->witnesses[0].wanted_at);
}

void writer_index_make(struct writer_index *index, const struct lock_order *order)
{
	*index = (struct writer_index){memory_zeroed(HASH_COUNT(order->writers) + 1, sizeof *index->items), 0};
	for (struct order_edge *writer = order->writers; writer; writer = writer->hh.next)
		index->items[index->count++] = writer;
	qsort(index->items, index->count, sizeof *index->items, by_lock);
}

void writer_index_free(struct writer_index *index) { free(index->items); }

/* The writers of a lock, and their number. */
static struct order_edge *const *writers_of(const struct writer_index *index, const struct lock *lock, size_t *count)
{
	size_t low = 0, high = index->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->items[middle]->key.wanted < lock->result.id)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < index->count && index->items[end]->key.wanted == lock->result.id; end++)
		;
	*count = end - low;
	return &index->items[low];
}

bool writer_index_has(const struct writer_index *index, const struct lock *lock)
{
	size_t count;

	writers_of(index, lock, &count);
	return count > 0;
}

/* ---- one witness for each part ---------------------------------------------------------- */

struct seat { /* of a thread in the deadlock: that of an edge, or that of a writer which must stand before an edge */
	struct cycle_part *part;
	bool for_writer;
	struct order_edge *const *options; /* edges that can take it */
	size_t option_count;
	const struct order_edge *chosen;
	struct order_witness witness;
};

struct assignment {
	struct happens_before *before;
	struct seat *seats;
	size_t count;
	bool concurrent; /* the witnesses must also be concurrent */
	unsigned steps;
};

/* A thread has one seat.  The gate locks between edges were looked at before: those of writers are looked at here. */
static bool compatible(const struct assignment *a, const struct seat *taken, const struct seat *seat,
                       const struct order_edge *option, const struct order_witness *witness)
{
	if (taken->witness.thread == witness->thread)
		return false;
	if ((taken->for_writer || seat->for_writer) && lock_order_exclude(taken->chosen->set, option->set))
		return false;
	return !a->concurrent || (!happens_before(a->before, taken->witness.segment, witness->segment) &&
	                          !happens_before(a->before, witness->segment, taken->witness.segment));
}

static bool fits(const struct assignment *a, size_t position, const struct order_edge *option,
                 const struct order_witness *witness)
{
	for (size_t i = 0; i < position; i++)
		if (!compatible(a, &a->seats[i], &a->seats[position], option, witness))
			return false;
	return true;
}

static bool assign(struct assignment *a, size_t position);

static bool assign_from(struct assignment *a, size_t position, const struct order_edge *option)
{
	struct seat *seat = &a->seats[position];

	for (uint32_t i = 0; i < option->witness_count && a->steps++ < ASSIGN_STEPS; i++) {
		if (!fits(a, position, option, &option->witnesses[i]))
			continue;
		seat->chosen = option;
		seat->witness = option->witnesses[i];
		if (assign(a, position + 1))
			return true;
	}
	return false;
}

static bool assign(struct assignment *a, size_t position)
{
	if (position == a->count)
		return true;
	for (size_t i = 0; i < a->seats[position].option_count; i++)
		if (assign_from(a, position, a->seats[position].options[i]))
			return true;
	return false;
}

/* ---- filters ------------------------------------------------------------------------------ */

/* Two read locks meet here: they do not block each other without a writer between them. */
static bool meets_reader(const struct cycle_part *parts, size_t i, size_t count)
{
	return parts[i].edge->key.wanted_shared && parts[(i + 1) % count].edge->key.held_shared;
}

static bool blocks_nowhere(const struct writer_index *writers, const struct cycle_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (meets_reader(parts, i, count) && !writer_index_has(writers, parts[i].edge->wanted))
			return true;
	return false;
}

static bool excluded_by_edge(const struct cycle_part *parts, size_t count, const struct lock_set *set)
{
	for (size_t i = 0; i < count; i++)
		if (lock_order_exclude(parts[i].edge->set, set))
			return true;
	return false;
}

/* All writers that could stand before the lock hold a gate lock of some edge. */
static bool writers_gated(const struct writer_index *writers, const struct cycle_part *parts, size_t count,
                          const struct lock *lock)
{
	size_t writer_count;
	struct order_edge *const *of_lock = writers_of(writers, lock, &writer_count);

	for (size_t i = 0; i < writer_count; i++)
		if (!excluded_by_edge(parts, count, of_lock[i]->set))
			return false;
	return true;
}

static bool gated(const struct writer_index *writers, const struct cycle_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (excluded_by_edge(parts, i, parts[i].edge->set))
			return true;
		if (meets_reader(parts, i, count) && writers_gated(writers, parts, count, parts[i].edge->wanted))
			return true;
	}
	return false;
}

/* Edges first: their witnesses are fewer. */
static size_t make_seats(const struct writer_index *writers, struct cycle_part *parts, size_t count, struct seat *seats)
{
	size_t used = count;

	for (size_t i = 0; i < count; i++)
		seats[i] = (struct seat){.part = &parts[i], .options = &parts[i].edge, .option_count = 1};
	for (size_t i = 0; i < count; i++) {
		if (!meets_reader(parts, i, count))
			continue;
		seats[used] = (struct seat){.part = &parts[i], .for_writer = true};
		seats[used].options = writers_of(writers, parts[i].edge->wanted, &seats[used].option_count);
		used++;
	}
	return used;
}

static void keep_choice(const struct seat *seats, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cycle_part *part = seats[i].part;

		if (seats[i].for_writer) {
			part->writer = seats[i].chosen;
			part->writer_witness = seats[i].witness;
		} else {
			part->witness = seats[i].witness;
		}
	}
}

/* True if each edge wants the very lock that the next one holds, and that a writer before it wants. */
static bool meets_itself(const struct lock_analysis *locks, const struct cycle_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct cycle_part *part = &parts[i], *next = &parts[(i + 1) % count];

		if (!lock_uses_are_of_one(locks, part->edge->wanted, part->witness.wanted_at, next->witness.held_since))
			return false;
		if (part->writer && !lock_uses_are_of_one(locks, part->edge->wanted, part->writer_witness.wanted_at,
		                                          part->witness.wanted_at))
			return false;
	}
	return true;
}

static enum cycle_verdict judge_threads(struct lock_analysis *locks, struct seat *seats, size_t count)
{
	struct assignment a = {&locks->before, seats, count, false, 0};

	if (!assign(&a, 0))
		return CYCLE_TOO_FEW_THREADS;
	keep_choice(seats, count);
	a.concurrent = true;
	a.steps = 0;
	if (!assign(&a, 0))
		return CYCLE_ORDERED;
	keep_choice(seats, count);
	return CYCLE_PREDICTED;
}

enum cycle_verdict cycle_judge(struct lock_analysis *locks, const struct writer_index *writers,
                               struct cycle_part *parts, size_t count)
{
	enum cycle_verdict verdict;
	struct seat *seats;

	for (size_t i = 0; i < count; i++)
		parts[i].witness = parts[i].edge->witnesses[0];
	if (blocks_nowhere(writers, parts, count))
		return CYCLE_SHARED;
	if (gated(writers, parts, count))
		return CYCLE_GATED;
	seats = memory_zeroed(2 * count, sizeof *seats);
	verdict = judge_threads(locks, seats, make_seats(writers, parts, count, seats));
	free(seats);
	if (verdict == CYCLE_PREDICTED && !meets_itself(locks, parts, count))
		return CYCLE_OF_OTHERS;
	return verdict;
}
