/* Detached threads unmap the memory into which pthread_create writes their handle, perhaps before pthread_create has
 * returned. */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "say.h"

#define THREADS 3000

static void *work(void *place)
{
	munmap(place, 4096);
	return NULL;
}

int main(void)
{
	pthread_attr_t detached;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < THREADS; i++) {
		void *volatile argument;
		void *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		argument = place;
		while (pthread_create(place, &detached, work, argument))
			usleep(1000);
		if (i % 50 == 0)
			usleep(2000);
	}
	say("%d threads\n", THREADS);
	return 0;
}
