/*
 * Threads that access the same data: with a race, and the same without one.
 *
 *   data_races SHAPE [SIZE]
 *
 * Prints what it found at the end, which is the same in each run where there is no race.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4

static long rounds = 2000;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int sink;

static long sums[THREADS];

static void in_threads(void *(*run)(void *), int count)
{
	pthread_t threads[THREADS];

	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, run, (void *)i);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* ---- a counter ---------------------------------------------------------------------------- */

static long counter;

static void *count(void *unused)
{
	for (long i = 0; i < rounds; i++) {
		counter++;
		__asm__ volatile("" ::: "memory");
	}
	return NULL;
}

static void *count_locked(void *unused)
{
	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* ---- one access a thread --------------------------------------------------------------------- */

static int flag[2];

#define DONE() __asm__ volatile("" ::: "memory")

static void *write_once(void *number)
{
	flag[0]++;
	DONE();
	return NULL;
}

static void *write_own(void *number)
{
	flag[(long)number & 1]++;
	DONE();
	return NULL;
}

static void race_once(void) { in_threads(write_once, 2); }
static void each_its_own(void) { in_threads(write_own, 2); }

/* ---- a block of the heap ------------------------------------------------------------------------- */

struct node {
	int key, value[3];
};
static struct node *node;

static void *fill(void *number)
{
	for (long i = 0; i < rounds; i++) {
		node->value[1] = (int)i;
		DONE();
	}
	return NULL;
}

static void *look(void *unused)
{
	for (long i = 0; i < rounds; i++)
		sink = node->value[1];
	return NULL;
}

static void *fill_or_look(void *number) { return number ? fill(number) : look(number); }

static void heap(void)
{
	node = calloc(1, sizeof *node);
	in_threads(fill_or_look, 2);
	free(node);
}

/* ---- memory that libc or the kernel writes ------------------------------------------------------------ */

static struct node own_node;
static pthread_barrier_t start; /* neither is done before the other has begun */

static void *fill_by_libc(void *of)
{
	pthread_barrier_wait(&start);
	for (long i = 0; i < rounds; i++) {
		memset(of, (int)i, sizeof own_node);
		DONE();
	}
	return NULL;
}

static void *fill_by_kernel(void *of)
{
	int random = open("/dev/urandom", O_RDONLY);

	pthread_barrier_wait(&start);
	for (long i = 0; i < rounds / 100; i++)
		if (read(random, of, sizeof own_node) <= 0)
			break;
	close(random);
	return NULL;
}

static void *wait_and_look(void *unused)
{
	pthread_barrier_wait(&start);
	return look(unused);
}

static void *libc_or_look(void *number) { return number ? fill_by_libc(node) : wait_and_look(NULL); }
static void *libc_own_or_look(void *number) { return number ? fill_by_libc(&own_node) : wait_and_look(NULL); }
static void *kernel_or_look(void *number) { return number ? fill_by_kernel(node) : wait_and_look(NULL); }

static void of_node(void *(*run)(void *))
{
	node = calloc(1, sizeof *node);
	pthread_barrier_init(&start, NULL, 2);
	in_threads(run, 2);
	free(node);
}

/* ---- calls through memory ---------------------------------------------------------------------------- */

static int (*handler)(int);
static void *called_from;

/* -1: its return address is not the one that it had before there were threads. */
static int __attribute__((noinline)) twice(int number)
{
	void *from = __builtin_return_address(0);

	if (!called_from)
		called_from = from;
	return from == called_from ? 2 * number : -1;
}

static void __attribute__((noinline)) call_handler(long *result, int number)
{
	*result += handler(number);
	DONE();
}

static void *call(void *number)
{
	long result = 0;

	for (int i = 0; i < rounds; i++)
		call_handler(&result, i);
	sums[(long)number] = result;
	return NULL;
}

static void *set_handler(void *unused)
{
	for (long i = 0; i < rounds; i++) {
		handler = twice;
		DONE();
	}
	return NULL;
}

static void *call_or_set(void *number) { return number ? set_handler(NULL) : call(number); }

static void calls(void *(*run)(void *))
{
	handler = twice;
	call_handler(&sums[0], 1);
	in_threads(run, 2);
	printf("%ld %ld\n", sums[0], sums[1]);
}

/* ---- where the parts of two threads meet --------------------------------------------------------------- */

#define PART 2000

static int line[2 * PART + 1];
static long beyond; /* by which the first part is too long */

static void *shift(void *number)
{
	long first = (long)number * PART, end = first + PART + (number ? 0 : beyond);

	for (int round = 0; round < 50; round++) {
		pthread_barrier_wait(&start);
		for (long i = first; i < end; i++)
			line[i] += 3;
	}
	return NULL;
}

static void borders(long too_long)
{
	beyond = too_long;
	pthread_barrier_init(&start, NULL, 2);
	in_threads(shift, 2);
}

/* ---- a thread waits for a flag ------------------------------------------------------------------- */

static volatile int ready;
static volatile int ticks;

static void *set_or_poll(void *number)
{
	if (number)
		for (ticks = 0; ticks < 100000;)
			ticks++;
	else
		while (!ready)
			__builtin_ia32_pause();
	if (number)
		ready = 1;
	return NULL;
}

static void polled_flag(void) { in_threads(set_or_poll, 2); }

/* The read is in a loop that its value ends, as that of a flag is, but goes on to other elements. */
static int items[64];

static void *set_or_scan(void *number)
{
	for (long i = 0; i < rounds; i++) {
		int *item = items;
		if (number)
			items[i % 60] = 2 + (int)i;
		else
			while (*item != 1)
				item++;
		DONE();
	}
	return NULL;
}

static void scanned(void)
{
	items[63] = 1;
	in_threads(set_or_scan, 2);
}

/* ---- each thread sums up its part -------------------------------------------------------------------- */

static int numbers[4096];

static void *sum(void *number)
{
	long part = sizeof numbers / sizeof *numbers / THREADS, own = 0;

	for (long round = 0; round < rounds / 100; round++)
		for (long i = (long)number * part; i < ((long)number + 1) * part; i++)
			own += numbers[i]++;
	sums[(long)number] = own;
	return NULL;
}

static void parts(void)
{
	in_threads(sum, THREADS);
	printf("%ld\n", sums[0] + sums[1] + sums[2] + sums[3]);
}

static void counted(void *(*run)(void *), bool exact)
{
	in_threads(run, THREADS);
	if (exact)
		printf("%ld\n", counter);
}

int main(int argc, char **argv)
{
	const char *shape = argc > 1 ? argv[1] : "";

	if (argc > 2)
		rounds = atol(argv[2]);
	if (!strcmp(shape, "counter"))
		counted(count, false);
	else if (!strcmp(shape, "counter_locked"))
		counted(count_locked, true);
	else if (!strcmp(shape, "once"))
		race_once();
	else if (!strcmp(shape, "own"))
		each_its_own();
	else if (!strcmp(shape, "heap"))
		heap();
	else if (!strcmp(shape, "filled_by_libc"))
		of_node(libc_or_look);
	else if (!strcmp(shape, "filled_beside"))
		of_node(libc_own_or_look);
	else if (!strcmp(shape, "filled_by_kernel"))
		of_node(kernel_or_look);
	else if (!strcmp(shape, "border"))
		borders(1);
	else if (!strcmp(shape, "border_kept"))
		borders(0);
	else if (!strcmp(shape, "calls"))
		calls(call);
	else if (!strcmp(shape, "calls_while_set"))
		calls(call_or_set);
	else if (!strcmp(shape, "scanned"))
		scanned();
	else if (!strcmp(shape, "polled_flag"))
		polled_flag();
	else if (!strcmp(shape, "parts"))
		parts();
	else
		return 2;
	return 0;
}
