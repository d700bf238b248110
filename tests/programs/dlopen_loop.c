/*
 * Four threads open, use and close a small library 100 times each, while two others allocate all the
 * time: the loader's lock and the shim must not wait for each other.  The library is build/programs/small.so,
 * beside this program.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "say.h"

static char library[4096];
static bool stop;
static int uses;

static void *load_often(void *argument)
{
	for (int i = 0; i < 100; i++) {
		void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
		must(handle);
		void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(handle, "small_allocate");
		must(allocate);
		void *block = allocate(123);
		must(block);
		dlclose(handle);
		free(block);
		__atomic_fetch_add(&uses, 1, __ATOMIC_RELAXED);
	}
	return argument;
}

static void *allocate_often(void *argument)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		free(malloc(99));
	return argument;
}

static void find_library(void)
{
	ssize_t n = readlink("/proc/self/exe", library, sizeof library - 16);

	must(n > 0);
	library[n] = 0;
	strcpy(strrchr(library, '/'), "/small.so");
}

int main(void)
{
	pthread_t threads[6];

	find_library();
	must(!dlopen("/no/such/library.so", RTLD_NOW));
	for (int i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, i < 4 ? load_often : allocate_often, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 4; i < 6; i++)
		pthread_join(threads[i], NULL);
	say("uses %d\n", uses);
	return 0;
}
