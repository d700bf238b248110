/* A label of assembly, which has no size, in front of functions whose names strip removes. */
#include <stdlib.h>

__asm__(".text\n.globl a_label\na_label:\n\tret\n");

static __attribute__((noinline)) void *lose(void)
{
	void *volatile block = malloc(24);

	return block;
}

static __attribute__((noinline)) int both(void) { return !lose() || !lose(); }

int main(void) { return both(); }
