/* Blocks that come and go, and nearly so: the first argument names the shape (shapes.h). */
#include <stdlib.h>

#include "shapes.h"

#define ROUNDS 10000
#define QUEUED 10

static void *keep(void *block)
{
	__asm__ volatile("" : : "r"(block) : "memory");
	return block;
}

static void one_at_a_time(void)
{
	for (int i = 0; i < ROUNDS; i++)
		free(keep(malloc(64)));
}

/* Ten blocks are live at any time.  Their sizes differ, but malloc rounds them all up to the same one. */
static void a_queue(void)
{
	void *queue[QUEUED] = {0};

	for (int i = 0; i < ROUNDS; i++) {
		free(queue[i % QUEUED]);
		queue[i % QUEUED] = keep(malloc(57 + (size_t)i % 16));
	}
	for (int i = 0; i < QUEUED; i++)
		free(queue[i]);
}

/* All blocks are live at once: a free list would be empty at each allocation. */
static void all_at_once_ok(void)
{
	static void *blocks[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		blocks[i] = keep(malloc(64));
	for (int i = 0; i < ROUNDS; i++)
		free(blocks[i]);
}

static void many_sizes_ok(void)
{
	for (int i = 0; i < ROUNDS; i++)
		free(keep(malloc(64 + (size_t)i)));
}

static void not_often_ok(void)
{
	for (int i = 0; i < 500; i++)
		free(keep(malloc(64)));
}

/* Each block is larger than all before it: none could be used again. */
static void grown_ok(void)
{
	char *text = NULL;

	for (size_t i = 0; i < ROUNDS; i++)
		text = keep(realloc(text, i + 1));
	free(text);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(one_at_a_time), SHAPE(a_queue),      SHAPE(all_at_once_ok),
	    SHAPE(many_sizes_ok), SHAPE(not_often_ok), SHAPE(grown_ok),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
