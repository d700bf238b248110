/* One block of 4242 bytes, allocated three calls and an inlined one deep.  LINE numbers are in symbols.def. */
#include <stdlib.h>

static inline __attribute__((always_inline)) void *inlined(void)
{
	void *volatile block = malloc(4242);

	return block;
}

static __attribute__((noinline)) void *local(void)
{
	void *volatile block = inlined();

	return block;
}

__attribute__((noinline)) void *exported(void)
{
	void *volatile block = local();

	return block;
}

int main(void)
{
	void *volatile block = exported();

	return !block;
}
