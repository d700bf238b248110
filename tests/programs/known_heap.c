/*
 * Every number of this program's heap is known.
 *
 *   call                          allocations   bytes   live after
 *   ------------------------------------------------------------------
 *   10 x malloc(100)                       10    1000    1000 in 10
 *   5 x calloc(20, 10)                     15    2000    2000 in 15
 *   aligned_alloc(64, 256)                 16    2256    2256 in 16
 *   posix_memalign(4096, 1000)             17    3256    3256 in 17
 *   memalign(32, 300)                      18    3556    3556 in 18
 *   valloc(500)                            19    4056    4056 in 19
 *   pvalloc(100)                           20    4156    4156 in 20
 *   realloc(NULL, 50)                      21    4206    4206 in 21
 *   realloc(first malloc, 1000)            22    5206    5106 in 21
 *   reallocarray(second, 4, 500)           23    7206    7006 in 21
 *   malloc(0), kept                        24    7206    7006 in 22
 *   malloc(100000)                         25  107206  107006 in 23   the peak
 *   free of that: temporary                25  107206    7006 in 22
 *   7 x { malloc(10); free }               32  107276    7006 in 22   7 temporary
 *   free of 8 x malloc(100)                32  107276    6206 in 14
 *   free of all calloc                     32  107276    5206 in 9
 *   malloc(2^62): fails                    32  107276    5206 in 9
 *   free(NULL)                             32  107276    5206 in 9
 *
 * frees: 1 + 7 + 8 + 5 = 21.  Live at the end: 9 blocks with 5206 bytes:
 * 1000 + 2000 + 256 + 1000 + 300 + 500 + 100 + 50 + 0.
 */
#include <malloc.h>
#include <stdint.h>

#include "say.h"

static void *kept[64];
static unsigned kept_count;

static void *keep(void *block)
{
	must(block);
	kept[kept_count++] = block;
	return block;
}

static void allocate_in_every_way(void)
{
	void *block;

	for (int i = 0; i < 10; i++)
		keep(malloc(100));
	for (int i = 0; i < 5; i++)
		keep(calloc(20, 10));
	keep(aligned_alloc(64, 256));
	must(posix_memalign(&block, 4096, 1000) == 0);
	keep(block);
	keep(memalign(32, 300));
	keep(valloc(500));
	keep(pvalloc(100));
	keep(realloc(NULL, 50));
}

static void grow_two(void)
{
	kept[0] = realloc(kept[0], 1000);
	kept[1] = reallocarray(kept[1], 4, 500);
	must(kept[0] && kept[1]);
	keep(malloc(0));
}

static void peak_and_temporaries(void)
{
	void *volatile block = malloc(100000);

	must(block);
	free(block);
	for (int i = 0; i < 7; i++) {
		block = malloc(10);
		must(block);
		free(block);
	}
}

int main(void)
{
	volatile size_t too_much = SIZE_MAX / 4;

	allocate_in_every_way();
	grow_two();
	peak_and_temporaries();
	for (int i = 2; i < 15; i++)
		free(kept[i]);
	must(!malloc(too_much));
	free(NULL);
	say("allocations=32 bytes=107276 peak=107006 live_blocks=9 live_bytes=5206 temporary=8 frees=21\n");
	return 0;
}
