#include "tools/analyse/threads/runtime_pool.h"

#include <string.h>

static const char *const runtimes[] = {"libgomp.so", "libomp.so", "libiomp5.so", "libtbb.so"};

/* The name of the module that called pthread_create. */
static const char *creator(const struct ring_file *ring, uint32_t stack)
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

bool runtime_pool_made(const struct ring_file *ring, uint32_t stack)
{
	const char *name = creator(ring, stack);

	for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
		if (!strncmp(name, runtimes[i], strlen(runtimes[i])))
			return true;
	return false;
}
