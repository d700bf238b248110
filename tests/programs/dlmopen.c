/*
 * dlmopen DIRECTORY: opens a library five times in a namespace of its own, with a libc of its own; the library
 * frees what it allocates.  The program allocates 30 blocks of 46 bytes in its own namespace.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

#include "say.h"

static void use_namespace(const char *path)
{
	void *library = dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL);
	must(library);
	void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(library, "small_allocate");
	void (*release)(void *) = (void (*)(void *))dlsym(library, "free");

	must(allocate && release);
	for (size_t i = 0; i < 100; i++) {
		void *block = allocate(100 + i);

		must(block);
		memset(block, 1, 100 + i);
		release(block);
	}
	dlclose(library);
}

int main(int argc, char **argv)
{
	char path[4096];

	must(argc == 2);
	snprintf(path, sizeof path, "%s/small.so", argv[1]);
	for (int i = 0; i < 5; i++)
		use_namespace(path);
	for (int i = 0; i < 30; i++)
		free(malloc(46));
	say("done\n");
	return 0;
}
