/*
 * Events from which their own number can be computed: the n-th allocation of a thread is of counted_size(n) bytes, and
 * after it the thread's allocation number n - COUNTED_HELD is freed.  After each call the thread
 * writes into a file how far it has come: those events have happened for certain, whenever the program is killed.  The
 * program goes on until it is killed or told to stop.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "tests/programs/counted.h"
#include "tests/programs/say.h"

static struct counted *counted;

static void *work(void *argument)
{
	struct counted_thread *self = argument;
	void *volatile held[COUNTED_HELD] = {0};

	for (uint64_t n = 1; !__atomic_load_n(&counted->stop, __ATOMIC_RELAXED); n++) {
		void *block = malloc(counted_size(n));

		must(block);
		__atomic_store_n(&self->done, n, __ATOMIC_RELEASE);
		free(held[n % COUNTED_HELD]);
		held[n % COUNTED_HELD] = block;
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[COUNTED_THREADS];
	int file = open(COUNTED_FILE, O_RDWR | O_CREAT | O_TRUNC, 0600);

	must(file >= 0 && ftruncate(file, sizeof *counted) == 0);
	counted = mmap(NULL, sizeof *counted, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	must(counted != MAP_FAILED);
	for (unsigned i = 0; i < COUNTED_THREADS; i++)
		must(!pthread_create(&threads[i], NULL, work, &counted->threads[i]));
	__atomic_store_n(&counted->pid, (uint32_t)getpid(), __ATOMIC_RELEASE);
	for (unsigned i = 0; i < COUNTED_THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
