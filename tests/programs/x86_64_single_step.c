/*
 * Every instruction of a stretch of work is interrupted (the processor's trap flag), and the handler
 * allocates 211 bytes: prologues, epilogues, the procedure linkage table, the loader's lazy resolution of a
 * symbol and libc's hand-written assembly.  Prints how often.
 */
#include <signal.h>
#include <string.h>

#include "say.h"

static volatile long traps;
static char from[300], to[300];

static void on_trap(int number)
{
	traps++;
	free(malloc(211));
}

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

__attribute__((noinline)) static size_t work(int size)
{
	int numbers[] = {3, 1, 2, 9, 7};
	char *volatile variable = __builtin_alloca((size_t)size);

	memcpy(to, from, (size_t)size);
	memset(variable, 'x', (size_t)size - 1);
	variable[size - 1] = 0;
	qsort(numbers, 5, sizeof *numbers, compare);
	return strlen(variable) + (size_t)numbers[0];
}

/* Stepping starts after the first popf and ends with the second.  The function has a frame pointer, because the stack
 * pointer moves in between. */
__attribute__((noinline, optimize("no-omit-frame-pointer"))) static size_t stepped(int size)
{
	__asm__ volatile("sub $128, %%rsp\n\tpushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tadd $128, %%rsp" ::
	                     : "memory", "cc");
	size_t result = work(size);
	__asm__ volatile("sub $128, %%rsp\n\tpushf\n\tandl $~0x100, (%%rsp)\n\tpopf\n\tadd $128, %%rsp" ::
	                     : "memory", "cc");
	return result;
}

int main(void)
{
	signal(SIGTRAP, on_trap);
	for (int size = 7; size < 300; size += 97)
		must(stepped(size) == (size_t)size);
	say("traps %d\n", traps > 1000);
	return 0;
}
