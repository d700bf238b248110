/*
 * Opens a library by its name alone, which only this library's run path finds ($ORIGIN/further), and one by $ORIGIN;
 * and asks dlsym for the next function after its own (RTLD_NEXT).  Each result depends on the object that calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

int open_beside(int how);
const char *after_own(void);
long getppid_here(void);

int open_beside(int how)
{
	void *library = dlopen(how ? "$ORIGIN/further/beside.so" : "beside.so", RTLD_NOW);

	return library && dlsym(library, "small_allocate") && dlclose(library) == 0;
}

long getppid_here(void) { return 0; }

const char *after_own(void)
{
	Dl_info info;
	void *next = dlsym(RTLD_NEXT, "getppid_here"), *libcs = dlsym(RTLD_NEXT, "getppid");

	return next ? "its own" : libcs && dladdr(libcs, &info) ? info.dli_fname : "none";
}
