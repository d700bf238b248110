/*
 * Loses blocks that an allocator may still have the addresses of: small ones, which went through its caches, also from
 * thread to thread, and large ones, which it describes one by one.  Holds others from where only the program can.
 * "maps_over": its own memory lies where the allocator had mapped some before.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "say.h"
#include "wipe_stack.h"

#define SMALL 1000
#define LARGE 50
#define HUGE  (64u << 20)

static void *volatile latest;

__attribute__((noinline)) static void lose_small(void) { latest = malloc(100); }
__attribute__((noinline)) static void lose_large(void) { latest = malloc(100000); }
__attribute__((noinline)) static void *keep(void) { return malloc(300); }

static void *passed_on[SMALL];

static void *give_back(void *unused)
{
	for (int i = 0; i < SMALL; i++) {
		free(passed_on[i]);
		passed_on[i] = NULL;
	}
	return unused;
}

static void fill_caches(void)
{
	pthread_t thread;

	for (int i = 0; i < SMALL; i++)
		passed_on[i] = malloc(100);
	must(!pthread_create(&thread, NULL, give_back, NULL) && !pthread_join(thread, NULL));
	for (int i = 0; i < SMALL; i++)
		passed_on[i] = malloc(100);
	give_back(NULL);
}

static void *map(void *at)
{
	void *pages = mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(pages != MAP_FAILED);
	return pages;
}

static void **volatile held; /* a block that holds a block */

/* Memory of the program itself.  Its address is kept with all bits turned, so that the pages are found by themselves.
 */
static volatile uintptr_t hidden;

int main(int argc, char **argv)
{
	void *near = NULL;

	if (argc == 2 && !strcmp(argv[1], "maps_over")) {
		near = malloc(HUGE);
		must(near);
		free(near);
		near = (void *)((uintptr_t)near & ~(uintptr_t)4095);
	}
	void **pages = map(near), **more = map(NULL);

	fill_caches();
	for (int i = 0; i < SMALL; i++)
		lose_small();
	for (int i = 0; i < LARGE; i++)
		lose_large();
	pages[8] = keep();
	more[8] = keep();
	held = malloc(64);
	must(held);
	held[2] = keep();
	hidden = ~(uintptr_t)pages;
	latest = NULL;
	wipe_stack();
	say("done\n");
	return 0;
}
