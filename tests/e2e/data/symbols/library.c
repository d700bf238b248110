/* prog.c's functions in a library that is loaded, used and deleted, or used after it was replaced. */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	void *handle = dlopen(argv[1], RTLD_NOW);
	void *(*exported)(void) = handle ? (void *(*)(void))dlsym(handle, "exported") : NULL;

	return !exported || !exported();
}
