#include <stdlib.h>
#include <string.h>

#include "tools/analyse/locks/lock_intervals.h"
#include "tools/analyse/locks/locks.h"
#include "tools/analyse/locks/order_sites.h"
#include "tools/base/memory.h"
#include "tools/base/u64_map.h"
#include "tools/store/subject_names.h"
#include "tools/store/writer.h"

/* The numbers and times that a lock and a class of locks have in common as columns. */
static void row_counts(struct row *row, const struct lock_result *lock)
{
	row_int(row, (int64_t)lock->acquisitions);
	row_int(row, (int64_t)lock->contended);
	row_int(row, (int64_t)lock->failed);
	row_ticks(row, lock->wait_ticks);
	row_ticks(row, lock->wait_longest);
	row_ticks(row, lock->hold_ticks);
	row_ticks(row, lock->hold_longest);
}

/* Names of locks by their class: texts of the index + 1 in `by_class`. */
struct lock_names {
	struct u64_map by_class;
	char **items;
	size_t count, room;
};

static void keep_name(struct lock_names *names, uint32_t class, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return;
	GROW(names->items, names->room, names->count + 1);
	names->items[names->count++] = copy;
	u64_map_put(&names->by_class, class, names->count);
}

static const char *name_of_class(const struct lock_names *names, uint32_t class)
{
	uint64_t found = u64_map_get(&names->by_class, class);

	return found ? names->items[found - 1] : NULL;
}

static void free_names(struct lock_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	u64_map_free(&names->by_class);
}

static void store_lock(struct writer *writer, const struct lock_result *lock, struct lock_names *names)
{
	struct row row = row_begin(writer, TABLE_lock);
	char name[OBJECT_NAME_TEXT];
	bool named = object_name(writer, lock->address, 0, name) ||
	             block_name(writer, lock->block_stack, lock->block_into, lock->folded ? "each" : "the", name);

	row_int(&row, lock->id);
	row_text(&row, event_kind_name(lock->kind));
	row_int(&row, (int64_t)lock->address);
	row_int(&row, lock->generation);
	row_stack(&row, lock->init_stack);
	row_stack(&row, lock->first_stack);
	row_counts(&row, lock);
	row_stack(&row, lock->worst_wait_stack);
	row_int(&row, lock->owner);
	row_int(&row, lock->folded);
	row_int(&row, lock->class);
	row_text(&row, named ? name : NULL);
	row_end(&row);
	if (named)
		keep_name(names, lock->class, name);
}

/* A class of several locks has a name if all of them lie at one place in blocks from one place.  name: of the class's
 * lock; NULL: it has none. */
static const char *name_of_all(struct writer *writer, const struct lock_class_result *class, const char *name,
                               char room[OBJECT_NAME_TEXT])
{
	const struct lock_result *sum = &class->sum;

	if (sum->folded == 1)
		return name;
	return block_name(writer, sum->block_stack, sum->block_into, "each", room) ? room : NULL;
}

/* name: of the class's lock; NULL: it has none. */
static void store_class(struct writer *writer, const struct lock_class_result *class, const char *name)
{
	char room[OBJECT_NAME_TEXT];
	struct row row;

	if (!class->sum.folded) /* every lock of the class was destroyed before its first use */
		return;
	row = row_begin(writer, TABLE_lock_class);
	row_int(&row, class->id);
	row_text(&row, event_kind_name(class->sum.kind));
	row_stack(&row, class->sum.first_stack);
	row_int(&row, class->initialised);
	row_int(&row, class->sum.folded);
	row_counts(&row, &class->sum);
	row_text(&row, name_of_all(writer, class, name, room));
	row_end(&row);
}

static void store_wait(struct writer *writer, const struct wait_site *site, size_t ordinal)
{
	struct row row = row_begin(writer, TABLE_lock_wait);

	row_int(&row, (int64_t)ordinal);
	row_int(&row, site->class);
	row_stack(&row, site->stack);
	row_stack(&row, site->holder_stack);
	row_int(&row, (int64_t)site->waits);
	row_ticks(&row, site->ticks);
	row_ticks(&row, site->longest);
	row_stamp(&row, site->since);
	row_int(&row, site->thread);
	row_thread(&row, site->holder);
	row_int(&row, (int64_t)site->address);
	row_end(&row);
}

static void store_hold(struct writer *writer, const struct hold_site *site, size_t ordinal)
{
	struct row row = row_begin(writer, TABLE_lock_hold);

	row_int(&row, (int64_t)ordinal);
	row_int(&row, site->class);
	row_stack(&row, site->stack);
	row_int(&row, (int64_t)site->holds);
	row_ticks(&row, site->ticks);
	row_ticks(&row, site->longest);
	row_stamp(&row, site->since);
	row_int(&row, site->thread);
	row_end(&row);
}

static void store_contention(struct writer *writer, const struct lock_names *names)
{
	const struct lock_analysis *locks = writer->analysis->locks;
	size_t count;
	const struct lock_class_result *classes = locks_classes(locks, &count);

	for (size_t i = 0; i < count && !writer->failed; i++)
		store_class(writer, &classes[i], name_of_class(names, classes[i].id));
	const struct wait_site *waits = locks_waits(locks, &count);
	for (size_t i = 0; i < count && !writer->failed; i++)
		store_wait(writer, &waits[i], i + 1);
	const struct hold_site *holds = locks_holds(locks, &count);
	for (size_t i = 0; i < count && !writer->failed; i++)
		store_hold(writer, &holds[i], i + 1);
}

static void store_interval(struct writer *writer, const struct lock_interval *interval, int64_t ordinal)
{
	struct row row = row_begin(writer, TABLE_lock_interval);

	row_int(&row, ordinal);
	row_text(&row, interval->hold ? "hold" : "wait");
	row_int(&row, interval->class);
	row_int(&row, (int64_t)interval->address);
	row_int(&row, interval->thread);
	row_thread(&row, interval->other);
	row_stamp(&row, interval->since);
	row_ticks(&row, interval->ticks);
	row_stack(&row, interval->stack);
	row_end(&row);
}

static void store_intervals(struct writer *writer)
{
	const struct lock_intervals *waits = locks_longest_waits(writer->analysis->locks),
	                            *holds = locks_longest_holds(writer->analysis->locks);
	int64_t ordinal = 0;

	for (size_t i = 0; i < waits->count && !writer->failed; i++)
		store_interval(writer, &waits->items[i], ++ordinal);
	for (size_t i = 0; i < holds->count && !writer->failed; i++)
		store_interval(writer, &holds->items[i], ++ordinal);
}

static void store_order(struct writer *writer, const struct order_site *site, int64_t ordinal)
{
	struct row row = row_begin(writer, TABLE_lock_order);

	row_int(&row, ordinal);
	row_int(&row, site->held_class);
	row_stack(&row, site->held_stack);
	row_int(&row, site->wanted_class);
	row_stack(&row, site->wanted_stack);
	row_int(&row, site->pairs);
	row_int(&row, site->thread);
	row_stamp(&row, site->at);
	row_end(&row);
}

static void store_orders(struct writer *writer)
{
	size_t count;
	const struct order_site *orders = locks_orders(writer->analysis->locks, &count);

	for (size_t i = 0; i < count && !writer->failed; i++)
		store_order(writer, &orders[i], (int64_t)i + 1);
}

void store_locks(struct writer *writer)
{
	size_t count;
	const struct lock_result *locks = locks_results(writer->analysis->locks, &count);
	struct lock_names names = {0};

	for (size_t i = 0; i < count && !writer->failed; i++)
		store_lock(writer, &locks[i], &names);
	store_contention(writer, &names);
	free_names(&names);
	store_intervals(writer);
	store_orders(writer);
}
