/* Two libraries of equal sizes are built from this file, with EPOCH a and b: each fits where the other was mapped. */
#include <pthread.h>
#include <stdlib.h>

#define JOIN(a, b, c)     a##b##c
#define NAME(epoch, what) JOIN(epoch_, epoch, _##what)

void *NAME(EPOCH, allocate)(void)
{
	void *volatile block = malloc(BYTES);

	return block;
}

int NAME(EPOCH, lock)(pthread_mutex_t *mutex)
{
	volatile int error = pthread_mutex_lock(mutex);

	return error;
}
