/*
 * Frees and allocates as late as a program can: in atexit handlers, destructors of all priorities, and after
 * them, in a destructor with the lowest priority number.  4 blocks (10, 20, 30, 40 bytes) made early, all
 * freed late; one of 50 bytes made late and freed later still.  5 allocations of 150 bytes, none left.
 */
#include "say.h"

static void *volatile blocks[5];

static void free_one(int index)
{
	free(blocks[index]);
	say("freed %d\n", index);
}

static void in_atexit(void) { free_one(0); }
static void in_second_atexit(void)
{
	free_one(1);
	blocks[4] = malloc(50);
}
__attribute__((destructor)) static void in_destructor(void) { free_one(2); }
__attribute__((destructor(65000))) static void in_early_destructor(void) { free_one(3); }
__attribute__((destructor(101))) static void in_last_destructor(void) { free_one(4); }

int main(void)
{
	for (int i = 0; i < 4; i++)
		blocks[i] = malloc(10 + 10 * (size_t)i);
	atexit(in_second_atexit);
	atexit(in_atexit);
	return 0;
}
