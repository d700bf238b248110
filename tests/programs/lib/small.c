/* The library that dlopen_loop loads and unloads: allocates in its constructor, frees in its destructor. */
#include <pthread.h>
#include <stdlib.h>

static void *own;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int calls;

__attribute__((constructor)) static void load(void) { own = malloc(40); }
__attribute__((destructor)) static void unload(void) { free(own); }

void *small_allocate(size_t bytes);

__attribute__((noinline)) void *small_allocate(size_t bytes)
{
	void *block;

	pthread_mutex_lock(&lock);
	block = malloc(bytes);
	calls++;
	pthread_mutex_unlock(&lock);
	return block;
}
