/* Blocks of a function that calls malloc twice, and of a wrapper that four functions call. */
#include <stdlib.h>

#define NOINLINE static __attribute__((noinline))

NOINLINE void *twice(void)
{
	void *volatile first = malloc(1000), *volatile second = malloc(2000);

	return first ? second : NULL;
}

NOINLINE void *wrap(size_t size)
{
	void *volatile block = malloc(size);

	return block;
}

#define USER(name, size)                                                                                               \
	NOINLINE void *name(void)                                                                                      \
	{                                                                                                              \
		void *volatile block = wrap(size);                                                                     \
                                                                                                                       \
		return block;                                                                                          \
	}
USER(user_1, 3001)
USER(user_2, 3002)
USER(user_3, 3003)
USER(user_4, 3004)

int main(void) { return !twice() || !user_1() || !user_2() || !user_3() || !user_4(); }
