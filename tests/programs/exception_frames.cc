/*
 * Throws from a depth of 1 to 20 and allocates on the way: in a destructor that unwinding calls (131 bytes),
 * in the handler (134) and after it (136); 200 times.
 */
#include "say.h"

struct guard {
	~guard();
};

__attribute__((noinline)) guard::~guard() { free(malloc(131)); }

__attribute__((noinline)) static void dive(int depth)
{
	guard in_every_frame;

	if (depth == 0)
		throw 42;
	dive(depth - 1);
}

__attribute__((noinline)) static void catch_it(int depth)
{
	try {
		dive(depth);
	} catch (int number) {
		must(number == 42);
		free(malloc(134));
	}
	free(malloc(136));
}

int main()
{
	for (int i = 0; i < 200; i++)
		catch_it(1 + i % 20);
	return 0;
}
