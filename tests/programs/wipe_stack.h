/* For programs that lose blocks.  Serves C and C++. */
#ifndef TESTS_PROGRAMS_WIPE_STACK_H
#define TESTS_PROGRAMS_WIPE_STACK_H

#include <string.h>

/* Overwrites the pointers that earlier calls have left on the stack. */
__attribute__((noinline)) static void wipe_stack(void)
{
	volatile char room[8192];

	memset((char *)room, 0, sizeof room);
}

#endif
