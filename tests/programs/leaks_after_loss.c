/*
 * leaks_after_loss [SHAPE [BLOCKS]]: allocates and frees so many blocks, then loses ten blocks of 100 bytes, and never
 * joins a thread that has ended.  With RINGTAIL=max=1M, the events of 40000 blocks overwrite all earlier ones of their
 * thread.
 *
 *   after    in the main thread
 *   around   in two other threads, one after the other; the main thread loses ten more blocks before them
 *   behind   in these threads too; the ten blocks hang on a block that the main thread allocated before them, and are
 *            lost with it
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "thread_state.h"

#define LOST 10

static void *volatile block;
static void **volatile head;
static pthread_t first;
static pid_t tid;
static long blocks;

static void *nothing(void *argument)
{
	__atomic_store_n(&tid, gettid(), __ATOMIC_RELEASE);
	return argument;
}

static void *allocate_and_free(void *argument)
{
	for (long i = 0; i < blocks; i++)
		free(block = malloc(24));
	return argument;
}

static void *after_the_first(void *argument)
{
	pthread_join(first, NULL);
	return allocate_and_free(argument);
}

/* Both live at a time, so that the events of the second do not follow those of the first in the ring. */
static void in_threads(void)
{
	pthread_t second;

	pthread_create(&first, NULL, allocate_and_free, NULL);
	pthread_create(&second, NULL, after_the_first, NULL);
	pthread_join(second, NULL);
}

__attribute__((noinline)) static void lose_early(void)
{
	for (int i = 0; i < LOST; i++)
		memset(block = malloc(100), 0, 100);
	block = NULL;
}

__attribute__((noinline)) static void lose(void)
{
	for (int i = 0; i < LOST; i++) {
		memset(block = malloc(100), 0, 100);
		if (head)
			head[i] = block;
	}
	block = NULL;
	head = NULL;
}

int main(int argc, char **argv)
{
	const char *shape = argc > 1 ? argv[1] : "after";
	pthread_t thread;

	blocks = argc > 2 ? atol(argv[2]) : 0;
	if (!strcmp(shape, "around"))
		lose_early();
	if (!strcmp(shape, "behind"))
		head = calloc(LOST, sizeof *head);
	if (!strcmp(shape, "after"))
		allocate_and_free(NULL);
	else
		in_threads();
	lose();
	pthread_create(&thread, NULL, nothing, NULL);
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE) || thread_state(tid))
		sched_yield();
	return 0;
}
