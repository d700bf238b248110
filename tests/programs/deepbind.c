/*
 * deepbind DIRECTORY: a library opened with RTLD_DEEPBIND calls libc's malloc, not a preloaded one.  The
 * program frees what the library allocated, 100 times, and goes on with blocks of its own, 30 of 45 bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

#include "say.h"

int main(int argc, char **argv)
{
	char path[4096];

	must(argc == 2);
	snprintf(path, sizeof path, "%s/small.so", argv[1]);
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	must(library);
	void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(library, "small_allocate");
	must(allocate);
	for (size_t i = 0; i < 100; i++) {
		void *block = allocate(100 + i);

		must(block);
		memset(block, 1, 100 + i);
		if (i % 2)
			must((block = realloc(block, 300)));
		free(block);
	}
	dlclose(library);
	for (int i = 0; i < 30; i++)
		free(malloc(45));
	say("done\n");
	return 0;
}
