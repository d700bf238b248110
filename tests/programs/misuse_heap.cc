/*
 * Memory given back wrongly, and nearly so: the first argument names the shape.  A shape NAME_ok is the correct form of
 * the faulty shape NAME.
 */
#include <csignal>
#include <new>

#include "shapes.h"

/* glibc may notice the wrong call and abort: by then the shim has recorded it. */
static void leave(int signal) { _exit(0); }

static void *volatile kept, *volatile next;

__attribute__((noinline)) static void *take(size_t size) { return malloc(size); }

__attribute__((noinline)) static void give(void *block) { free(block); }

/* ---- double-free -------------------------------------------------------------------------------- */

static void double_free()
{
	kept = take(100);
	next = take(100);
	give(kept);
	give(next);
	give(kept);
}

/* The second free is of another block, at the same address. */
static void double_free_ok()
{
	for (int i = 0; i < 3; i++) {
		kept = take(100);
		give(kept);
	}
	give(nullptr);
	give(nullptr);
}

/* ---- invalid-free -------------------------------------------------------------------------------- */

static void invalid_free()
{
	kept = take(100);
	give(static_cast<char *>(kept) + 16);
}

static void invalid_free_ok()
{
	void *aligned = nullptr;

	must(posix_memalign(&aligned, 4096, 100) == 0);
	give(aligned);
	give(aligned_alloc(64, 640));
	give(strdup("a block"));
}

/* ---- mismatched-free -------------------------------------------------------------------------------- */

static void array_to_delete()
{
	int *volatile array = new int[4];

	delete array;
}

static void malloc_to_delete()
{
	int *volatile number = static_cast<int *>(take(sizeof(int)));

	delete number;
}

static void new_to_free()
{
	int *volatile number = new int;

	give(number);
}

static void mismatched_free_ok()
{
	int *volatile number = new int, *volatile array = new int[4], *volatile other = new (std::nothrow) int;

	delete number;
	delete[] array;
	delete other;
	give(take(10));
}

/* ---- realloc-of-freed ---------------------------------------------------------------------------------- */

static void realloc_of_freed()
{
	kept = take(3000);
	next = take(100);
	give(kept);
	next = realloc(kept, 5000);
}

static void realloc_of_freed_ok()
{
	kept = take(3000);
	next = take(100);
	give(kept);
	kept = take(3000); /* mostly at the same address */
	kept = realloc(kept, 5000);
	give(kept);
	kept = realloc(nullptr, 10);
	give(kept);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(double_free),      SHAPE(double_free_ok),      SHAPE(invalid_free), SHAPE(invalid_free_ok),
	    SHAPE(array_to_delete),  SHAPE(malloc_to_delete),    SHAPE(new_to_free),  SHAPE(mismatched_free_ok),
	    SHAPE(realloc_of_freed), SHAPE(realloc_of_freed_ok),
	};

	signal(SIGABRT, leave);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
