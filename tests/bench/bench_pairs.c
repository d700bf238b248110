/*
 * What a pair of calls costs: malloc and free, or lock and unlock, at a given call depth, in a given number of
 * threads.  Prints a line for each case: "what shape depth threads nanoseconds".
 *
 *   hot    one loop at full depth: the stack stays the same from call to call
 *   path   every pair at the end of another path: the lower half of the stack is the same, the upper half is
 *          walked anew and turns left or right at each level as a counter's bits say
 *
 * Nanoseconds are of processor time where threads outnumber processors: elapsed time x min(threads,
 * processors) / pairs.  Each thread has a mutex of its own: this measures us, not contention.
 *
 * usage: bench_pairs [PAIRS]    pairs a case, shared out to its threads; default 1000000
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct work {
	void (*pair)(struct work *work);
	bool changing_path;
	unsigned depth;
	long pairs;
	unsigned long turns;
	pthread_mutex_t lock;
	pthread_barrier_t *start;
	double began, ended;
} __attribute__((aligned(128))); /* no two threads' on one cache line */

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

#define NOT_A_TAIL_CALL() __asm__ volatile("" ::: "memory")

__attribute__((noinline)) static void malloc_pair(struct work *work)
{
	void *volatile block = malloc(64);

	free(block);
	NOT_A_TAIL_CALL();
}

__attribute__((noinline)) static void lock_pair(struct work *work)
{
	pthread_mutex_lock(&work->lock);
	pthread_mutex_unlock(&work->lock);
	NOT_A_TAIL_CALL();
}

/* ---- the two shapes ---------------------------------------------------------- */

static void turn(struct work *work, unsigned levels);

__attribute__((noinline)) static void left(struct work *work, unsigned levels)
{
	turn(work, levels - 1);
	NOT_A_TAIL_CALL();
}

__attribute__((noinline)) static void right(struct work *work, unsigned levels)
{
	turn(work, levels - 1);
	NOT_A_TAIL_CALL();
}

/* A level is two frames: turn() and left() or right(). */
__attribute__((noinline)) static void turn(struct work *work, unsigned levels)
{
	if (levels == 0)
		work->pair(work);
	else if (work->turns >> levels % 8 & 1)
		left(work, levels);
	else
		right(work, levels);
	NOT_A_TAIL_CALL();
}

__attribute__((noinline)) static void loop(struct work *work)
{
	for (long i = 0; i < work->pairs; i++) {
		work->turns += 2654435761u;
		if (work->changing_path)
			turn(work, work->depth / 4);
		else
			work->pair(work);
	}
	NOT_A_TAIL_CALL();
}

__attribute__((noinline)) static void dive(struct work *work, unsigned levels)
{
	if (levels == 0)
		loop(work);
	else
		dive(work, levels - 1);
	NOT_A_TAIL_CALL();
}

static void *run(void *argument)
{
	struct work *work = argument;

	pthread_barrier_wait(work->start);
	work->began = now_ns();
	dive(work, work->changing_path ? work->depth / 2 : work->depth);
	work->ended = now_ns();
	return NULL;
}

/* ---- cases ----------------------------------------------------------------------- */

#define MOST_THREADS 64

static struct work works[MOST_THREADS];

/* From the first that begins to the last that ends. */
static double elapsed(unsigned threads)
{
	double began = works[0].began, ended = works[0].ended;

	for (unsigned i = 1; i < threads; i++) {
		began = works[i].began < began ? works[i].began : began;
		ended = works[i].ended > ended ? works[i].ended : ended;
	}
	return ended - began;
}

static double measure(const struct work *pattern, unsigned threads)
{
	pthread_t ids[MOST_THREADS];
	pthread_barrier_t start;
	double processors = (double)sysconf(_SC_NPROCESSORS_ONLN);

	pthread_barrier_init(&start, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		works[i] = *pattern;
		works[i].start = &start;
		works[i].pairs /= threads;
		pthread_mutex_init(&works[i].lock, NULL);
		pthread_create(&ids[i], NULL, run, &works[i]);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return elapsed(threads) * (threads < processors ? threads : processors) / (double)(works[0].pairs * threads);
}

static void measure_and_print(const char *what, bool changing_path, unsigned depth, unsigned threads, long pairs)
{
	struct work work = { .pair = strcmp(what, "malloc") ? lock_pair : malloc_pair,
		             .changing_path = changing_path,
		             .depth = depth,
		             .pairs = pairs };

	printf("%s %s %u %u %.2f\n", what, changing_path ? "path" : "hot", depth, threads, measure(&work, threads));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const unsigned depths[] = { 10, 30, 100 }, thread_counts[] = { 1, 2, 4, 8 };
	static const char *const whats[] = { "malloc", "mutex" };
	long pairs = argc > 1 ? atol(argv[1]) : 1000000;

	for (int what = 0; what < 2; what++) {
		for (int depth = 0; depth < 3; depth++) {
			for (int threads = 0; threads < 4; threads++)
				measure_and_print(whats[what], false, depths[depth], thread_counts[threads], pairs);
			measure_and_print(whats[what], true, depths[depth], 1, pairs / 4);
		}
	}
	return 0;
}
