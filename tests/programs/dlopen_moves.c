/*
 * A library is loaded, loses a block of 101 bytes, and is unloaded, N times.  The program then maps memory at its
 * address, so that the next load is elsewhere.  usage: dlopen_moves NAME N, with NAME of a library beside this program:
 * epoch_a.so, or epoch_a_bare.so, which has no build id.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "say.h"

static void *load(const char *name)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);

	must(n > 0);
	path[n] = 0;
	strcpy(strrchr(path, '/') + 1, name);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static uintptr_t lose_a_block(const char *name)
{
	void *library = load(name);

	must(library);
	void *(*allocate)(void) = (void *(*)(void))dlsym(library, "epoch_a_allocate");
	uintptr_t where = ((struct link_map *)library)->l_addr;

	must(allocate);
	allocate();
	must(dlclose(library) == 0);
	return where;
}

int main(int argc, char **argv)
{
	int times = argc == 3 ? atoi(argv[2]) : 0;

	for (int i = 0; i < times; i++) {
		void *place = (void *)lose_a_block(argv[1]);

		must(mmap(place, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == place);
	}
	return 0;
}
