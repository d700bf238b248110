#include "tools/analyse/locks/lock_table.h"

#include <stdlib.h>
#include <string.h>

#include "tools/analyse/locks/lock_blocks.h"
#include "tools/analyse/locks/sync_order.h"
#include "tools/base/memory.h"

#define PAGE_SHIFT      12
#define LOCK_BYTES_MOST 56u
#define WORTH_FETCHING  1024u /* places; fewer stay in the processor's caches anyway */

static void parts_free(struct lock *lock)
{
	if (lock->sync)
		sync_order_free(lock->sync->order);
	free(lock->sync);
	free(lock->uses);
}

void lock_table_free(struct lock_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		parts_free(table->locks[i]);
		free(table->locks[i]);
	}
	lock_classes_free(&table->classes);
	free(table->locks);
	free(table->places);
	u64_map_free(&table->by_address);
	u64_map_free(&table->by_page);
	*table = (struct lock_table){0};
}

/* A futex word may lie within another object, and has a place of its own. */
static uint64_t place_key(uint64_t address, uint8_t kind) { return address | (uint64_t)(kind == RT_KIND_FUTEX) << 63; }

/* Remembers the last place: one event asks for its place several times. */
static struct lock_place *place_find(const struct lock_table *table, uint64_t address, uint8_t kind)
{
	struct lock_last *last = (struct lock_last *)&table->last;
	uint64_t key = place_key(address, kind), found;

	if (last->place && last->key == key)
		return &table->places[last->place - 1];
	found = u64_map_get(&table->by_address, key);
	if (!found)
		return NULL;
	*last = (struct lock_last){key, found};
	return &table->places[found - 1];
}

void lock_table_prefetch(const struct lock_table *table, uint64_t address, uint8_t kind)
{
	if (table->place_count >= WORTH_FETCHING)
		__builtin_prefetch(
		    &table->by_address.slots[u64_mix(place_key(address, kind)) & table->by_address.mask]);
}

static struct lock_place *place_get(struct lock_table *table, uint64_t address, uint8_t kind)
{
	struct lock_place *place = place_find(table, address, kind);

	if (place)
		return place;
	GROW(table->places, table->place_room, table->place_count + 1);
	place = &table->places[table->place_count++];
	*place = (struct lock_place){0};
	u64_map_put(&table->by_address, place_key(address, kind), table->place_count);
	return place;
}

void lock_table_prefetch_place(const struct lock_table *table, uint64_t address, uint8_t kind)
{
	uint64_t found;

	if (table->place_count < WORTH_FETCHING)
		return;
	found = u64_map_get(&table->by_address, place_key(address, kind));
	if (found)
		__builtin_prefetch(&table->places[found - 1]);
}

void lock_table_prefetch_lock(const struct lock_table *table, uint64_t address, uint8_t kind)
{
	const struct lock *lock;
	uint64_t found;

	if (table->place_count < WORTH_FETCHING)
		return;
	found = u64_map_get(&table->by_address, place_key(address, kind));
	lock = found ? table->places[found - 1].lock : NULL;
	if (!lock)
		return;
	for (size_t at = 0; at < LOCK_HOT_BYTES; at += 64)
		__builtin_prefetch((const char *)lock + at, 1);
	__builtin_prefetch((const char *)lock + LOCK_HOT_BYTES - 1, 1);
}

/* ---- by page ------------------------------------------------------------------- */

static void filter_set(struct lock_table *table, uint64_t page)
{
	table->page_filter[u64_mix(page) >> 6 & 63] |= UINT64_C(1) << (u64_mix(page) & 63);
}

static bool filter_has(const struct lock_table *table, uint64_t page)
{
	return table->page_filter[u64_mix(page) >> 6 & 63] >> (u64_mix(page) & 63) & 1;
}

static struct lock *page_first(const struct lock_table *table, uint64_t page)
{
	return (struct lock *)(uintptr_t)u64_map_get(&table->by_page, page);
}

static void page_link(struct lock_table *table, struct lock *lock)
{
	uint64_t page = lock->result.address >> PAGE_SHIFT;

	lock->page_previous = NULL;
	lock->page_next = page_first(table, page);
	if (lock->page_next)
		lock->page_next->page_previous = lock;
	u64_map_put(&table->by_page, page, (uintptr_t)lock);
	filter_set(table, page);
}

static void page_unlink(struct lock_table *table, struct lock *lock)
{
	uint64_t page = lock->result.address >> PAGE_SHIFT;

	if (lock->page_next)
		lock->page_next->page_previous = lock->page_previous;
	if (lock->page_previous)
		lock->page_previous->page_next = lock->page_next;
	else if (lock->page_next)
		u64_map_put(&table->by_page, page, (uintptr_t)lock->page_next);
	else
		u64_map_remove(&table->by_page, page);
}

/* ---- destroyed, and then freed --------------------------------------------------- */

static uint64_t *destroyed_set(struct lock_table *table, uint64_t page)
{
	return table->destroyed[u64_mix(page) % DESTROYED_SETS];
}

static void note_destroyed(struct lock_table *table, const struct lock *lock)
{
	uint64_t *set = destroyed_set(table, lock->result.address >> PAGE_SHIFT);

	for (unsigned i = DESTROYED_WAYS - 1; i > 0; i--)
		set[i] = set[i - 1];
	set[0] = lock->result.address;
}

struct block_end {
	struct lock_table *table;
	const struct ended_block *ended;
	uint64_t start, end;
	struct lock_tombstone tombstone;
	lock_sink *sink;
	void *context;
	bool had_locks;
};

/* The lock that was destroyed last at one of these addresses lies in freed memory now. */
static void bury(struct block_end *block, uint64_t *set)
{
	for (unsigned i = 0; i < DESTROYED_WAYS; i++) {
		struct lock_place *place = set[i] >= block->start && set[i] < block->end
		                               ? place_find(block->table, set[i], RT_KIND_NONE)
		                               : NULL;
		uint8_t kind;

		if (!place)
			continue;
		set[i] = 0;
		if (place->lock || place->tombstone.how != TOMBSTONE_DESTROYED)
			continue;
		if (place->latest)
			lock_block_note_ended(&place->latest->result, block->ended);
		kind = place->tombstone.kind;
		place->tombstone = block->tombstone;
		place->tombstone.kind = kind;
		block->had_locks = true;
	}
}

static void end_with_block(struct block_end *block, struct lock *lock)
{
	if (lock->result.address < block->start || lock->result.address >= block->end)
		return;
	block->had_locks = true;
	lock_block_note_ended(&lock->result, block->ended);
	block->sink(block->context, lock);
	lock_table_end(block->table, lock, block->tombstone);
}

static void end_in_page(struct block_end *block, uint64_t page)
{
	struct lock *lock, *next;

	bury(block, destroyed_set(block->table, page));

	for (lock = page_first(block->table, page); lock; lock = next) {
		next = lock->page_next;
		end_with_block(block, lock);
	}
}

/* For a block with more pages than there are locks, each lock is asked instead of each page. */
static void end_in_range(struct block_end *block)
{
	for (unsigned i = 0; i < DESTROYED_SETS; i++)
		bury(block, block->table->destroyed[i]);
	for (size_t i = 0; i < block->table->place_count; i++)
		if (block->table->places[i].lock)
			end_with_block(block, block->table->places[i].lock);
}

bool lock_table_block_ended(struct lock_table *table, const struct ended_block *ended, struct lock_tombstone tombstone,
                            lock_sink *sink, void *context)
{
	struct block_end block = {table,     ended, ended->address, ended->address + ended->size,
	                          tombstone, sink,  context,        false};
	uint64_t page = ended->address >> PAGE_SHIFT, last;

	if (!table->count || !ended->size || block.end < block.start)
		return false;
	last = (block.end - 1) >> PAGE_SHIFT;
	if (last - page > table->place_count) {
		end_in_range(&block);
		return block.had_locks;
	}
	for (; page <= last; page++)
		if (filter_has(table, page))
			end_in_page(&block, page);
	return block.had_locks;
}

/* ---- overlaps ------------------------------------------------------------------ */

/* Of which a lock of this kind has at least as many on every machine; 0: it may lie within another one. */
static unsigned bytes_of(uint8_t kind)
{
	static const uint8_t bytes[] = {
	    [RT_KIND_MUTEX] = 40, [RT_KIND_RWLOCK] = 56,  [RT_KIND_SPIN] = 4, [RT_KIND_COND] = 48,
	    [RT_KIND_SEM] = 16,   [RT_KIND_BARRIER] = 20, [RT_KIND_ONCE] = 4, [RT_KIND_FUTEX] = 0,
	};

	return kind < sizeof bytes ? bytes[kind] : 0;
}

static void end_in_page_over(struct lock_table *table, const struct lock *made, uint64_t page)
{
	uint64_t start = made->result.address, end = start + bytes_of(made->result.kind);
	struct lock *lock, *next;

	for (lock = page_first(table, page); lock; lock = next) {
		uint64_t address = lock->result.address;

		next = lock->page_next;
		if (address != start && address < end && address + bytes_of(lock->result.kind) > start)
			lock_table_end(table, lock, (struct lock_tombstone){0});
	}
}

/* Two locks cannot have bytes in common: a new one ends those that lay there before. */
static void end_overlapped(struct lock_table *table, const struct lock *made)
{
	unsigned bytes = bytes_of(made->result.kind);
	uint64_t first = (made->result.address - LOCK_BYTES_MOST) >> PAGE_SHIFT;
	uint64_t last = (made->result.address + bytes - 1) >> PAGE_SHIFT;

	for (uint64_t page = first; bytes && page <= last; page++)
		if (filter_has(table, page))
			end_in_page_over(table, made, page);
}

/* ---- generations ---------------------------------------------------------------- */

static struct lock *lock_add(struct lock_table *table, struct lock_place *place, uint64_t address, uint8_t kind)
{
	struct lock *lock = memory_zeroed(1, sizeof *lock);

	lock->result = (struct lock_result){
	    .address = address, .id = ++table->last_id, .generation = place->generations++, .kind = kind};
	place->lock = place->latest = lock;
	GROW(table->locks, table->room, table->count + 1);
	table->locks[table->count++] = lock;
	end_overlapped(table, lock);
	page_link(table, lock);
	return lock;
}

struct lock *lock_table_find(const struct lock_table *table, uint64_t address, uint8_t kind)
{
	const struct lock_place *place = place_find(table, address, kind);

	return place ? place->lock : NULL;
}

struct sync_state *lock_sync(struct lock *lock)
{
	if (!lock->sync) {
		lock->sync = memory_zeroed(1, sizeof *lock->sync);
		lock->sync->value = lock->init_value;
	}
	return lock->sync;
}

struct lock *lock_table_latest(const struct lock_table *table, uint64_t address, uint8_t kind)
{
	const struct lock_place *place = place_find(table, address, kind);

	return place && place->latest && place->latest->result.kind == kind ? place->latest : NULL;
}

struct lock *lock_table_get(struct lock_table *table, uint64_t address, uint8_t kind, uint32_t stack)
{
	struct lock_place *place = place_get(table, address, kind);
	struct lock *lock = place->lock;

	if (lock && lock->result.kind != kind) {
		lock_table_end(table, lock, (struct lock_tombstone){0});
		lock = NULL;
	}
	if (!lock)
		lock = lock_add(table, place, address, kind);
	if (!lock->used) {
		lock->used = true;
		if (!lock->init_seen)
			lock->result.first_stack = stack;
	}
	return lock;
}

/* True if this initialisation ends the present generation.  Opening a named semaphore again does not. */
static bool begins_anew(const struct lock *lock, const struct event *event)
{
	if (lock->result.kind != event->kind)
		return true;
	if (event->arg & RT_INIT_NAMED && lock->init_flags & RT_INIT_NAMED)
		return false;
	return lock->used;
}

struct lock *lock_table_init(struct lock_table *table, const struct event *event)
{
	struct lock_place *place = place_get(table, event->object, event->kind);
	struct lock *lock = place->lock;

	if (lock && begins_anew(lock, event)) {
		lock_table_end(table, lock, (struct lock_tombstone){0});
		lock = NULL;
	}
	place->tombstone.how = TOMBSTONE_NONE;
	if (lock && lock->opens) {
		lock->opens++;
		return lock;
	}
	if (!lock)
		lock = lock_add(table, place, event->object, event->kind);
	lock->init_seen = true;
	lock->class = NULL;
	lock->init_type = event->arg & RT_INIT_TYPE_MASK;
	lock->init_flags = (uint32_t)event->arg & ~RT_INIT_TYPE_MASK;
	lock->init_value = (uint32_t)(event->arg >> RT_INIT_VALUE_SHIFT);
	lock->opens = (event->arg & RT_INIT_NAMED) != 0;
	lock->maybe_foreign |= (event->arg & RT_INIT_SHARED) != 0;
	lock->result.init_stack = lock->result.first_stack = event->stack;
	return lock;
}

void lock_table_end(struct lock_table *table, struct lock *lock, struct lock_tombstone tombstone)
{
	struct lock_place *place = place_find(table, lock->result.address, lock->result.kind);

	if (lock->ended || !place)
		return;
	lock->ended = true;
	table->ended++;
	place->lock = NULL;
	place->tombstone = tombstone;
	place->tombstone.kind = lock->result.kind;
	page_unlink(table, lock);
	if (tombstone.how == TOMBSTONE_DESTROYED)
		note_destroyed(table, lock);
}

struct lock_tombstone lock_table_tombstone(const struct lock_table *table, uint64_t address, uint8_t kind)
{
	const struct lock_place *place = place_find(table, address, kind);

	return place && place->tombstone.kind == kind ? place->tombstone : (struct lock_tombstone){0};
}

void lock_table_told(struct lock_table *table, uint64_t address, uint8_t kind)
{
	struct lock_place *place = place_find(table, address, kind);

	if (place && place->tombstone.how == TOMBSTONE_FREED)
		place->tombstone.how = TOMBSTONE_TOLD;
}

void lock_table_revive(struct lock_table *table, uint64_t address, uint8_t kind)
{
	struct lock_place *place = place_find(table, address, kind);

	if (!place || place->lock || !place->latest)
		return;
	place->lock = place->latest;
	place->tombstone.how = TOMBSTONE_NONE;
	place->lock->ended = false;
	table->ended--;
	page_link(table, place->lock);
}

/* ---- forgetting ------------------------------------------------------------------ */

/* Adds the lock's numbers to those of its class.  True: the lock may be forgotten. */
static bool fold_away(struct lock_table *table, struct lock *lock)
{
	struct lock_class *class = lock_classes_get(&table->classes, lock);

	if (!class->fold)
		class->fold = lock;
	if (class->fold == lock)
		return false;
	lock_result_add(&class->fold->result, &lock->result);
	return true;
}

static void forget(struct lock_table *table, struct lock *lock)
{
	struct lock_place *place = place_find(table, lock->result.address, lock->result.kind);

	if (place && place->latest == lock)
		place->latest = NULL;
	table->ended--;
	parts_free(lock);
	free(lock);
}

void lock_table_fold(struct lock_table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct lock *lock = table->locks[i];
		bool idle = lock->ended && !lock->holders && !lock->edges_in && !lock->edges_out;

		if (idle && fold_away(table, lock))
			forget(table, lock);
		else
			table->locks[kept++] = lock;
	}
	table->count = kept;
}
