/*
 * Blocks that a library releases or makes: own_delete SHAPE.  by_operator: it releases one of the program's operator
 * new by its own operator delete, which is right; by_free: by free().  made_by_operator: the program deletes one of the
 * library's own operator new, which is right; made_by_malloc: one of malloc.
 */
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

#include "say.h"

int main(int argc, char **argv)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);

	must(argc == 2 && length > 0);
	path[length] = '\0';
	strcpy(strrchr(path, '/'), "/own_delete.so");
	void *library = dlopen(path, RTLD_NOW);
	must(library);
	void *function = dlsym(library, argv[1]);
	must(function);
	if (!strncmp(argv[1], "made_", 5))
		delete ((long *(*)())function)();
	else
		say("%d\n", ((int (*)(long *))function)(new long(3)));
	return 0;
}
