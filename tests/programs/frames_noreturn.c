/*
 * A call that does not return is a function's last instruction: its return address is the first address of the next
 * function, whose unwind rule is another.  The callee allocates 211 bytes and leaves by longjmp; 100 times.
 */
#include <setjmp.h>

#include "say.h"

static jmp_buf back;
static volatile char sink;

__attribute__((noinline, noreturn)) static void leave(void)
{
	free(malloc(211));
	longjmp(back, 1);
}

__attribute__((noinline, noreturn)) static void last_call(char value)
{
	volatile char block[200];

	block[0] = value;
	sink = block[0];
	leave();
}

__attribute__((noinline)) static void round_trip(int i)
{
	if (setjmp(back) == 0)
		last_call((char)i);
}

int main(void)
{
	for (int i = 0; i < 100; i++)
		round_trip(i);
	return 0;
}
