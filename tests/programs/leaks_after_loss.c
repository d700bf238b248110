/*
 * leaks_after_loss [BLOCKS]: allocates and frees so many blocks, then loses ten blocks of 100 bytes, and never joins a
 * thread that has ended.  With RINGTAIL=max=1M, the events of 40000 blocks overwrite the first of them.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "thread_state.h"

static void *volatile block;

static void *nothing(void *argument) { return argument; }

__attribute__((noinline)) static void lose(void)
{
	for (int i = 0; i < 10; i++)
		memset(block = malloc(100), 0, 100);
	block = NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	for (long i = argc > 1 ? atol(argv[1]) : 0; i > 0; i--)
		free(block = malloc(24));
	lose();
	pthread_create(&thread, NULL, nothing, NULL);
	await_end_of_others();
	return 0;
}
