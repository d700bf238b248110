#include "tools/analyse/threads/runtime_pool.h"

#include <string.h>

static const char *const pools[] = {"libgomp.so", "libomp.so", "libiomp5.so", "libtbb.so", NULL};
static const char *const starters[] = {"libstdc++.so", "libc++.so", NULL};

static bool is_in(const struct ring_file *ring, uint32_t stack, const char *const *libraries)
{
	const char *name = ring_file_caller(ring, stack);

	for (; *libraries; libraries++)
		if (!strncmp(name, *libraries, strlen(*libraries)))
			return true;
	return false;
}

bool runtime_pool_made(const struct ring_file *ring, uint32_t stack) { return is_in(ring, stack, pools); }

bool runtime_starts_it(const struct ring_file *ring, uint32_t stack) { return is_in(ring, stack, starters); }
