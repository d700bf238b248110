#include "tools/analyse/threads/runtime_pool.h"

#include <string.h>

static const char *const pools[] = {"libgomp.so", "libomp.so", "libiomp5.so", "libtbb.so", NULL};
static const char *const starters[] = {"libstdc++.so", "libc++.so", NULL};

/* The name of the file that the stack's innermost function is in; "": not known. */
static const char *file_of(const struct ring_file *ring, uint32_t stack)
{
	uint32_t parent, pc_id;
	const struct rt_pc *pc =
	    ring->map && ring_file_node(ring, stack, &parent, &pc_id) ? ring_file_pc(ring, pc_id) : NULL;
	const struct rt_module *module = pc && pc->module ? ring_file_module(ring, pc->module - 1) : NULL;
	const char *slash;

	if (!module || !memchr(module->path, '\0', sizeof module->path))
		return "";
	slash = strrchr(module->path, '/');
	return slash ? slash + 1 : module->path;
}

static bool is_in(const struct ring_file *ring, uint32_t stack, const char *const *libraries)
{
	const char *name = file_of(ring, stack);

	for (; *libraries; libraries++)
		if (!strncmp(name, *libraries, strlen(*libraries)))
			return true;
	return false;
}

bool runtime_pool_made(const struct ring_file *ring, uint32_t stack) { return is_in(ring, stack, pools); }

bool runtime_starts_it(const struct ring_file *ring, uint32_t stack) { return is_in(ring, stack, starters); }
