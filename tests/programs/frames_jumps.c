/*
 * Leaves frames by longjmp, and allocates in them and after them: malloc(131) at depths of 1 to 20 before the jump,
 * malloc(132) after it, by the same path each time.
 */
#include <setjmp.h>

#include "say.h"

static jmp_buf back;

__attribute__((noinline)) static void dive(int levels)
{
	if (levels > 0) {
		dive(levels - 1);
		__asm__ volatile("");
		return;
	}
	free(malloc(131));
	longjmp(back, 1);
}

__attribute__((noinline)) static void after_jump(void)
{
	free(malloc(132));
	__asm__ volatile("");
}

__attribute__((noinline)) static void jump(int levels)
{
	if (setjmp(back) == 0)
		dive(levels);
	else
		after_jump();
	__asm__ volatile("");
}

int main(void)
{
	for (volatile int i = 0; i < 40; i++)
		jump(i % 20);
	say("done\n");
	return 0;
}
