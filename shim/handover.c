#include "shim/handover.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "shim/address_space.h"
#include "shim/atomics.h"
#include "shim/sys.h"

/* Places are in use while threads have been created and have not begun, which are few, but for programs that create
 * thousands at a time.  A block is never given back. */
#define FIRST_PLACES 64u
#define BLOCK_BYTES  16384u

struct block {
	struct block *next;
	struct handover places[(BLOCK_BYTES - sizeof(struct block *)) / sizeof(struct handover)];
};
_Static_assert(sizeof(struct block) <= BLOCK_BYTES, "a block fits its mapping");

#define BLOCK_PLACES (sizeof((struct block *)0)->places / sizeof(struct handover))

static struct handover first[FIRST_PLACES];
static struct block *blocks;

static struct handover *take_free(struct handover *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!load_relaxed(&places[i].in_use) && cas_acq_rel(&places[i].in_use, 0, 1))
			return &places[i];
	return NULL;
}

/* A new block, of which the first place is taken. */
static struct handover *grow(void)
{
	address_space_take(BLOCK_BYTES);
	struct block *block = sys_mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!block) {
		address_space_give(BLOCK_BYTES);
		return NULL;
	}
	block->places[0].in_use = 1;
	do
		block->next = load_acquire(&blocks);
	while (!cas_acq_rel(&blocks, block->next, block));
	return &block->places[0];
}

struct handover *handover_new(void)
{
	struct handover *place = take_free(first, FIRST_PLACES);
	for (struct block *b = load_acquire(&blocks); b && !place; b = b->next)
		place = take_free(b->places, BLOCK_PLACES);
	return place ? place : grow();
}

/* Member by member: an assignment of the whole would write in_use, too, and the compiler is free to make that 0 before
 * it clears the rest, which a creating thread may have filled again by then. */
static void clear(struct handover *place)
{
	place->state = NULL;
	place->start = NULL;
	place->start_c11 = NULL;
	place->argument = NULL; /* a stale one would keep its block from being a leak */
	place->blocks_trap = false;
}

struct handover handover_take(struct handover *place)
{
	struct handover taken = *place;
	clear(place);
	store_release(&place->in_use, 0);
	return taken;
}
