/*
 * Frames of every kind that compilers make, each calling the next: with a frame pointer, without one, over-aligned (gcc
 * saves the CFA in a slot), realigned at entry, of a size known at run time (alloca), and with all callee-saved
 * registers pushed.  malloc(121) at the end of each of five rounds; then malloc(122) by a call in tail position, and
 * malloc(123) out of a function that was itself called in tail position.
 */
#include <alloca.h>
#include <stdalign.h>
#include <string.h>

#include "say.h"

#define SHAPE(...)   __attribute__((noinline, noclone __VA_OPT__(, ) __VA_ARGS__))
#define AFTER_CALL() __asm__ volatile("" : : : "memory")

static volatile size_t variable = 100;

SHAPE() static void allocate(void)
{
	free(malloc(121));
	AFTER_CALL();
}

SHAPE(optimize("no-omit-frame-pointer")) static void with_pointer(void)
{
	allocate();
	AFTER_CALL();
}

SHAPE(optimize("omit-frame-pointer")) static void without_pointer(void)
{
	char space[200];

	memset(space, 1, variable);
	with_pointer();
	__asm__ volatile("" : : "r"(space) : "memory");
}

SHAPE() static void over_aligned(void)
{
	alignas(64) char space[128];

	memset(space, 1, variable);
	without_pointer();
	__asm__ volatile("" : : "r"(space) : "memory");
}

#if defined(__x86_64__)
SHAPE(force_align_arg_pointer) static void realigned(void)
#else
SHAPE() static void realigned(void)
#endif
{
	over_aligned();
	AFTER_CALL();
}

SHAPE() static void of_variable_size(void)
{
	char *space = alloca(variable);

	memset(space, 1, variable);
	realigned();
	__asm__ volatile("" : : "r"(space) : "memory");
}

SHAPE() static void over_aligned_of_variable_size(void)
{
	alignas(128) char fixed[128];
	char *space = alloca(variable + (size_t)fixed[0] % 1);

	memset(space, 1, variable);
	of_variable_size();
	__asm__ volatile("" : : "r"(space), "r"(fixed) : "memory");
}

SHAPE() static void with_all_saved(void)
{
	over_aligned_of_variable_size();
#if defined(__x86_64__)
	__asm__ volatile("" : : : "rbx", "r12", "r13", "r14", "r15", "memory");
#else
	__asm__ volatile("" : : : "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "memory");
#endif
}

/* Has no frame: the function that it jumps to returns to its caller. */
SHAPE(optimize("optimize-sibling-calls")) static void *in_tail_position(size_t bytes) { return malloc(bytes); }

SHAPE() static void *tail_called(size_t bytes)
{
	void *block = malloc(bytes);

	AFTER_CALL();
	return block;
}

SHAPE(optimize("optimize-sibling-calls")) static void *tail_caller(size_t bytes) { return tail_called(bytes + 1); }

SHAPE() static void call_tail_callers(void)
{
	free(in_tail_position(122));
	free(tail_caller(122));
	AFTER_CALL();
}

int main(void)
{
	for (int i = 0; i < 5; i++)
		with_all_saved();
	call_tail_callers();
	say("done\n");
	return 0;
}
