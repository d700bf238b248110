/* Linked with musl, another libc: allocates, makes a thread, and ends with status 13. */
#include <pthread.h>

#include "say.h"

static void *work(void *argument)
{
	for (int i = 0; i < 100; i++)
		free(malloc(50));
	return argument;
}

int main(void)
{
	pthread_t thread;

	work(NULL);
	must(pthread_create(&thread, NULL, work, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);
	say("musl done\n");
	return 13;
}
