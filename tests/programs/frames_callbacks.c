/*
 * Allocations called back from libc's code: malloc(111) by a constructor, malloc(112) by a comparison of qsort,
 * malloc(113) by a thread, malloc(114) by pthread_once, malloc(115) by a handler of atexit, malloc(116) at the end of a
 * recursion of ten, malloc(117) in a chain that is deeper than the limit, malloc(119) by a destructor of
 * thread-specific data.
 */
#include <pthread.h>

#include "say.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

__attribute__((noinline)) static void allocate(size_t bytes)
{
	free(malloc(bytes));
	__asm__ volatile("");
}

__attribute__((constructor)) static void before_main(void)
{
	allocate(111);
	__asm__ volatile("");
}

static int compare(const void *a, const void *b)
{
	allocate(112);
	return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static void sort(void)
{
	int numbers[] = {2, 1};

	qsort(numbers, 2, sizeof *numbers, compare);
	__asm__ volatile("" : : "r"(numbers) : "memory");
}

static void at_thread_end(void *value)
{
	allocate(119);
	__asm__ volatile("" : : "r"(value));
}

static void *work(void *argument)
{
	pthread_key_t key;

	must(pthread_key_create(&key, at_thread_end) == 0);
	pthread_setspecific(key, &key);
	allocate(113);
	return argument;
}

static void initialise(void)
{
	allocate(114);
	__asm__ volatile("");
}

static void after_main(void)
{
	allocate(115);
	__asm__ volatile("");
}

__attribute__((noinline)) static void descend(int levels, size_t bytes)
{
	if (levels == 1)
		allocate(bytes);
	else
		descend(levels - 1, bytes);
	__asm__ volatile("");
}

int main(void)
{
	pthread_t thread;

	atexit(after_main);
	sort();
	must(pthread_create(&thread, NULL, work, NULL) == 0);
	pthread_join(thread, NULL);
	pthread_once(&once, initialise);
	descend(10, 116);
	descend(300, 117);
	say("done\n");
	return 0;
}
