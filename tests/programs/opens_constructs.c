/*
 * opens_constructs MODE: opens build/programs/constructs.so three times, "now" or "lazy".  Each time it loses 10 blocks
 * itself before any other call of the loader, the library loses 10, blocks go from one to the other to be freed, also
 * by a free that dlsym finds, and the loader makes and frees messages of errors.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

#include "say.h"
#include "wipe_stack.h"

static void *volatile latest;

__attribute__((noinline)) static void lose_here(void) { latest = malloc(56); }

__attribute__((noinline)) static void lose_many(void (*lose)(void))
{
	for (int i = 0; i < 10; i++)
		lose();
}

static void *find(void *library, const char *name)
{
	void *found = dlsym(library, name);

	must(found);
	return found;
}

static void exchange(void *library)
{
	void *(*make)(void) = (void *(*)(void))find(library, "constructs_make");
	void (*end)(void *) = (void (*)(void *))find(library, "constructs_end");

	void (*found)(void *) = (void (*)(void *))find(RTLD_DEFAULT, "free");

	must(found == free);
	for (int i = 0; i < 100; i++) {
		found(malloc(40));
		end(malloc(40));
		free(make());
		must(!dlsym(library, "no_such_function") && dlerror());
		free(strdup("as long as a message of the loader: undefined symbol"));
	}
}

int main(int argc, char **argv)
{
	int mode = argc > 1 && !strcmp(argv[1], "now") ? RTLD_NOW : RTLD_LAZY;
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 16);

	must(n > 0);
	path[n] = 0;
	strcpy(strrchr(path, '/'), "/constructs.so");
	for (int i = 0; i < 3; i++) {
		void *library = dlopen(path, mode);

		must(library);
		lose_many(lose_here);
		exchange(library);
		lose_many((void (*)(void))find(library, "constructs_lose"));
		((void (*)(void))find(library, "constructs_forget"))();
		dlclose(library);
	}
	latest = NULL;
	wipe_stack();
	say("done\n");
	return 0;
}
