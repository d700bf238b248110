/*
 * Allocations through functions that allocate for their callers (wrappers), and through some that only look like
 * wrappers.  Each allocation has a size of its own, and its block is kept, unless a comment says otherwise.
 */
#include <stdlib.h>
#include <string.h>

#define FUNCTION    __attribute__((noinline)) /* a function that the stacks show */
#define KEEP(block) (kept[count++] = (block))

void *kept[100];
static unsigned count;

/* ---- wrappers ---- */

static FUNCTION void *grab(size_t size) { return malloc(size); }

/* A wrapper: all of its memory comes from one call of another wrapper. */
static FUNCTION char *grab_copy(const char *text) { return strcpy(grab(strlen(text) + 1), text); }

/* A wrapper by its well-known name, although it has one caller only. */
static FUNCTION void *xmalloc(size_t size) { return malloc(size); }

/* ---- no wrappers ---- */

/* Frees the block itself, so it allocates for itself. */
static FUNCTION void scratch(size_t size) { free(memset(malloc(size), 1, size)); }

/* Allocates by two calls, of which one may be for itself. */
static FUNCTION void *two_ways(size_t size)
{
	if (size % 2)
		return malloc(size);
	return calloc(1, size);
}

/* Calls itself, and allocates at each depth. */
static FUNCTION void *recursive(size_t size, unsigned depth)
{
	void *block = malloc(size);

	if (depth)
		KEEP(recursive(size, depth - 1));
	return block;
}

/* Has only three callers. */
static FUNCTION void *seldom(size_t size) { return malloc(size); }

/* ---- callers ---- */

#define CALLER(name, size)                                                                                             \
	static FUNCTION void name(void)                                                                                \
	{                                                                                                              \
		KEEP(grab(size));                                                                                      \
		KEEP(grab_copy("name"));                                                                               \
		scratch(1000 + (size));                                                                                \
		KEEP(two_ways(2000 + (size)));                                                                         \
		KEEP(two_ways(2001 + (size)));                                                                         \
		KEEP(recursive(3000 + (size), 1));                                                                     \
	}
CALLER(first, 100)
CALLER(second, 200)
CALLER(third, 300)
CALLER(fourth, 400)
CALLER(fifth, 500)

static FUNCTION void one(void) { KEEP(seldom(4001)); }
static FUNCTION void two(void) { KEEP(seldom(4002)); }
static FUNCTION void three(void) { KEEP(seldom(4003)); }
static FUNCTION void known(void) { KEEP(xmalloc(5000)); }

/* One place, with two stacks. */
static FUNCTION void shared_place(void) { KEEP(malloc(6000)); }
static FUNCTION void left(void) { shared_place(); }
static FUNCTION void right(void) { shared_place(); }

/* Two calls on one line. */
static FUNCTION void *either(size_t a, size_t b) { return a % 2 ? malloc(a) : malloc(b); }

int main(void)
{
	void (*const calls[])(void) = {first, second, third, fourth, fifth, one, two, three, known, left, right};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		calls[i]();
	KEEP(either(7001, 7002));
	KEEP(either(7000, 7002));
	return count == 0;
}
