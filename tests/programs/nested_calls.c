/* nested_calls N: take() allocates 4242 bytes and locks a mutex, below main and N calls of descend(). */
#include <pthread.h>
#include <stdlib.h>

#include "say.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int depth;

__attribute__((noipa)) static void take(void)
{
	void *volatile block = malloc(4242);

	must(block && pthread_mutex_lock(&mutex) == 0);
	pthread_mutex_unlock(&mutex);
	free(block);
}

__attribute__((noipa)) static void descend(int n)
{
	if (n > 1)
		descend(n - 1);
	else
		take();
	depth++;
}

int main(int argc, char **argv)
{
	must(argc == 2);
	descend(atoi(argv[1]));
	say("mutex %p depth %d\n", (void *)&mutex, depth);
	return 0;
}
