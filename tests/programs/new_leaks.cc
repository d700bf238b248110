/*
 * Loses 100 blocks at each of six places: four forms of operator new, malloc and calloc.  100 more of each are freed,
 * some by another thread.
 * "mismatched": calls free for a block of new, and loses none.  "balanced": calls all forms of new and delete, and
 * loses none.
 */
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#include "say.h"
#include "wipe_stack.h"

struct alignas(64) wide {
	char bytes[64];
};

static void *volatile latest;

#define PLACE __attribute__((noinline)) static void

PLACE lose_new() { latest = new long; }
PLACE lose_array() { latest = new int[250]; }
PLACE lose_nothrow() { latest = new (std::nothrow) char[40]; }
PLACE lose_aligned() { latest = new wide; }
PLACE lose_malloc() { latest = malloc(72); }
PLACE lose_calloc() { latest = calloc(3, 40); }

static void give_back()
{
	long *one = new long;
	int *many = new int[250];
	char *quiet = new (std::nothrow) char[40];
	wide *aligned = new wide;
	void *plain = realloc(malloc(72), 720);

	std::thread([=] {
		delete[] many;
		free(plain);
	}).join();
	delete one;
	delete[] quiet;
	delete aligned;
	free(calloc(3, 40));
}

static void new_to_free()
{
	long *volatile one = new long;

	free(one);
}

__attribute__((noinline)) static void balanced()
{
	static constexpr auto align = std::align_val_t{128};
	static volatile std::size_t bytes = 40;

	for (int round = 0; round < 3; round++) {
		void *blocks[] = {::operator new(bytes),
		                  ::operator new[](bytes),
		                  ::operator new(bytes, std::nothrow),
		                  ::operator new[](bytes, std::nothrow),
		                  ::operator new(bytes, align),
		                  ::operator new[](bytes, align),
		                  ::operator new(bytes, align, std::nothrow),
		                  ::operator new[](bytes, align, std::nothrow)};
		for (int i = 0; i < 8; i++) {
			bool wide = i >= 4, array = i % 2;
			if (round == 0 && !array)
				wide ? ::operator delete(blocks[i], align) : ::operator delete(blocks[i]);
			if (round == 0 && array)
				wide ? ::operator delete[](blocks[i], align) : ::operator delete[](blocks[i]);
			if (round == 1 && !array)
				wide ? ::operator delete(blocks[i], bytes, align) : ::operator delete(blocks[i], bytes);
			if (round == 1 && array)
				wide ? ::operator delete[](blocks[i], bytes, align)
				     : ::operator delete[](blocks[i], bytes);
			if (round == 2 && !array)
				wide ? ::operator delete(blocks[i], align, std::nothrow)
				     : ::operator delete(blocks[i], std::nothrow);
			if (round == 2 && array)
				wide ? ::operator delete[](blocks[i], align, std::nothrow)
				     : ::operator delete[](blocks[i], std::nothrow);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		strcmp(argv[1], "mismatched") ? balanced() : new_to_free();
		say("done\n");
		return 0;
	}
	for (int i = 0; i < 100; i++) {
		lose_new();
		lose_array();
		lose_nothrow();
		lose_aligned();
		lose_malloc();
		lose_calloc();
		give_back();
	}
	latest = nullptr;
	wipe_stack();
	say("done\n");
	return 0;
}
