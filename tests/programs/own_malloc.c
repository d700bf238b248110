/*
 * Has an allocator of its own, which takes a lock.  The loader and dlsym allocate from it, so the shim's lock hooks are
 * called before the shim is ready.  The first hooked call is a lock, in a constructor.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "say.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(16) unsigned char pool[1 << 22];
static size_t used;

static void *take(size_t bytes)
{
	unsigned char *block = NULL;

	if (pthread_mutex_trylock(&lock))
		pthread_mutex_lock(&lock);
	bytes = (bytes + 31) & ~(size_t)15;
	if (bytes <= sizeof pool - used) {
		block = pool + used + 16;
		memcpy(block - 16, &bytes, sizeof bytes);
		used += bytes;
	}
	pthread_mutex_unlock(&lock);
	return block;
}

void *malloc(size_t bytes) { return take(bytes); }
void *calloc(size_t count, size_t bytes) { return take(count * bytes); }
void free(void *block) { (void)block; }

void *realloc(void *block, size_t bytes)
{
	void *moved = take(bytes);
	size_t had = 0;

	if (block)
		memcpy(&had, (unsigned char *)block - 16, sizeof had);
	if (moved && block)
		memcpy(moved, block, had - 16 < bytes ? had - 16 : bytes);
	return moved;
}

__attribute__((constructor(101))) static void first_of_all(void)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
}

static void *work(void *count)
{
	for (int i = 0; i < 1000; i++)
		free(malloc(16));
	return count;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, work, NULL);
	work(NULL);
	pthread_join(thread, NULL);
	say("own_malloc done\n");
	return 0;
}
