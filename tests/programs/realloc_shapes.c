/*
 * realloc in all its shapes.  17 allocations of 5560 bytes; nothing is live at the end.
 *
 *   realloc(NULL, 10)              1      10   is a malloc
 *   realloc(p, 20)                 2      30   grows
 *   realloc(p, 5)                  3      35   shrinks in place
 *   realloc(p, 5)                  4      40   same size
 *   realloc(p, 0)                  4      40   is a free, returns NULL
 *   realloc(NULL, 0), free         5      40   is malloc(0)
 *   malloc(100)                    6     140
 *   realloc(p, 2^62)               6     140   fails: the block lives on with its contents
 *   reallocarray(p, 2^62, 16)      6     140   fails by overflow
 *   free
 *   calloc(10, 10)                 7     240
 *   realloc(p, 300)                8     540   keeps contents
 *   free
 *   memalign(64, 20), realloc 500 10    1060   alignment is not kept, contents are
 *   free
 *   malloc(100)                   11    1160
 *   realloc to 300, 500, 700, 900, 1100,
 *   and back to 900               17    5560
 *   free
 *
 * The peak is 1100 bytes in one block.
 */
#include <malloc.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "say.h"

static volatile size_t huge = SIZE_MAX / 4;

static void null_and_zero(void)
{
	char *p = realloc(NULL, 10);

	must(p);
	memcpy(p, "abcd", 5);
	p = realloc(p, 20);
	p = realloc(p, 5);
	p = realloc(p, 5);
	must(!strcmp(p, "abcd"));
	errno = 0;
	say("realloc(p, 0): %s\n", realloc(p, 0) ? "a block" : "NULL");
	p = realloc(NULL, 0);
	must(p);
	free(p);
}

static void failing(void)
{
	char *p = malloc(100);

	must(p);
	memset(p, 'x', 100);
	errno = 0;
	void *q = realloc(p, huge);
	say("realloc too much: %s, %s\n", q ? "a block" : "NULL", strerror(errno));
	errno = 0;
	q = reallocarray(p, huge, 16);
	say("reallocarray overflow: %s, %s\n", q ? "a block" : "NULL", strerror(errno));
	must(p[0] == 'x' && p[99] == 'x');
	free(p);
}

static void from_others(void)
{
	char *p = calloc(10, 10);

	must(p);
	p = realloc(p, 300);
	must(p && p[0] == 0 && p[99] == 0);
	free(p);
	p = memalign(64, 20);
	must(p && (uintptr_t)p % 64 == 0);
	memcpy(p, "aligned", 8);
	p = realloc(p, 500);
	must(p && !strcmp(p, "aligned"));
	free(p);
}

static void grow(void)
{
	static const size_t sizes[] = {300, 500, 700, 900, 1100, 900};
	unsigned char *p = malloc(100);

	must(p);
	p[99] = 42;
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		p = realloc(p, sizes[i]);
		must(p && p[99] == 42);
	}
	free(p);
}

int main(void)
{
	null_and_zero();
	failing();
	from_others();
	grow();
	say("allocations=17 bytes=5560 peak=1100 live_blocks=0 live_bytes=0\n");
	return 0;
}
