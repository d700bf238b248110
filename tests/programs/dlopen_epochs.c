/*
 * One library after the other at the same address: epoch_a.so and epoch_b.so (beside this program) are loaded, used and
 * unloaded in turns, N rounds each.  epoch_a.so allocates blocks of 101 bytes and locks the first mutex; epoch_b.so
 * allocates 202 bytes and locks the second one.
 *
 *   dlopen_epochs rounds N    one thread; prints how often both libraries had one address, and where the mutexes are
 *   dlopen_epochs bare N      the same with epoch_a_bare.so and epoch_b_bare.so, which have no build id
 *   dlopen_epochs threads N   four threads at once; each uses both libraries
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <string.h>

#include "say.h"

struct library {
	char path[4096];
	const char *allocate, *lock;
	pthread_mutex_t mutex;
};

static struct library libraries[2] = {
    {.path = "/epoch_a.so", .allocate = "epoch_a_allocate", .lock = "epoch_a_lock", .mutex = PTHREAD_MUTEX_INITIALIZER},
    {.path = "/epoch_b.so", .allocate = "epoch_b_allocate", .lock = "epoch_b_lock", .mutex = PTHREAD_MUTEX_INITIALIZER},
};
static int rounds;

static void find_library(struct library *library)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);

	must(n > 0);
	path[n] = 0;
	strcpy(strrchr(path, '/'), library->path);
	strcpy(library->path, path);
}

/* Loads the library, calls it and unloads it.  Returns the address at which it was loaded. */
static uintptr_t use(struct library *library)
{
	void *handle = dlopen(library->path, RTLD_NOW | RTLD_LOCAL);
	must(handle);
	void *(*allocate)(void) = (void *(*)(void))dlsym(handle, library->allocate);
	int (*lock)(pthread_mutex_t *) = (int (*)(pthread_mutex_t *))dlsym(handle, library->lock);
	must(allocate && lock);
	uintptr_t where = ((struct link_map *)handle)->l_addr;
	void *block = allocate();
	must(block && lock(&library->mutex) == 0);
	pthread_mutex_unlock(&library->mutex);
	must(dlclose(handle) == 0);
	free(block);
	return where;
}

static void *use_both(void *argument)
{
	for (int i = 0; i < rounds; i++) {
		use(&libraries[0]);
		use(&libraries[1]);
	}
	return argument;
}

static int in_threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		must(pthread_create(&threads[i], NULL, use_both, NULL) == 0);
	for (int i = 0; i < 4; i++)
		must(pthread_join(threads[i], NULL) == 0);
	return 0;
}

int main(int argc, char **argv)
{
	int same = 0;

	must(argc == 3);
	rounds = atoi(argv[2]);
	if (!strcmp(argv[1], "bare")) {
		strcpy(libraries[0].path, "/epoch_a_bare.so");
		strcpy(libraries[1].path, "/epoch_b_bare.so");
	}
	find_library(&libraries[0]);
	find_library(&libraries[1]);
	say("mutexes %p %p\n", (void *)&libraries[0].mutex, (void *)&libraries[1].mutex);
	if (!strcmp(argv[1], "threads"))
		return in_threads();
	for (int i = 0; i < rounds; i++)
		same += use(&libraries[0]) == use(&libraries[1]);
	say("same place %d\n", same);
	return 0;
}
