/*
 * OpenMP's threads: the first argument names the shape (shapes.h).  libgomp makes threads by pthread_create.  For its
 * own locks and barriers it makes the futex call itself, which the shim does not see.
 */
#include <omp.h>

#include "shapes.h"

#define THREADS 4

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;

static void nest(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

/* A correct team: sums, critical sections, locks, tasks, memory that one thread allocates and another frees. */
static void team_ok(void)
{
	long sum = 0, in_tasks = 0, *blocks[THREADS];
	omp_lock_t lock;

	omp_init_lock(&lock);
#pragma omp parallel num_threads(THREADS)
	{
		int me = omp_get_thread_num();

		blocks[me] = malloc(sizeof(long) * 1000);
		for (int i = 0; i < 1000; i++)
			blocks[me][i] = i;
#pragma omp barrier
		for (int i = 0; i < 1000; i++) {
			omp_set_lock(&lock);
			sum += blocks[(me + 1) % THREADS][i];
			omp_unset_lock(&lock);
		}
#pragma omp barrier
		free(blocks[(me + 1) % THREADS]);
#pragma omp single
		for (int i = 0; i < 100; i++) {
#pragma omp task
#pragma omp critical
			in_tasks++;
		}
	}
	omp_destroy_lock(&lock);
	say("sum %ld, tasks %ld\n", sum, in_tasks);
}

/* Two threads lock in opposite orders, one after the other. */
static void mutexes(void)
{
#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 0)
			nest(&first, &second);
#pragma omp barrier
		if (omp_get_thread_num() == 1)
			nest(&second, &first);
	}
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {SHAPE(team_ok), SHAPE(mutexes)};

	NAME_LOCK(first);
	NAME_LOCK(second);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
