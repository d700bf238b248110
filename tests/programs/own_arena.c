/* Gets its memory from the kernel by an allocator of its own, which has the name of a known one, and never calls
 * malloc. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

static char *arena;
static size_t used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) void *rpmalloc(size_t bytes);

void *rpmalloc(size_t bytes)
{
	pthread_mutex_lock(&lock);
	void *block = arena + used;
	used += (bytes + 15) & ~(size_t)15;
	pthread_mutex_unlock(&lock);
	return block;
}

int main(void)
{
	arena = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		return 1;
	for (int i = 0; i < 100; i++)
		memset(rpmalloc(100), 1, 100);
	return 0;
}
