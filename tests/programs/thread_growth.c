/* Numbers of threads that grow, and that do not: the first argument names the shape (shapes.h). */
#include <semaphore.h>

#include "shapes.h"

#define STEPS   80
#define STEP_MS 15

static sem_t leave;

static void *nothing(void *unused) { return unused; }

static void *stay(void *unused)
{
	sem_wait(&leave);
	return unused;
}

static void make(void *(*routine)(void *))
{
	pthread_t thread = start(routine, NULL);

	pthread_detach(thread);
}

/* A thread for each request, and every third one never ends. */
static void growing(void)
{
	for (int i = 0; i < STEPS; i++) {
		make(i % 3 ? nothing : stay);
		pause_ms(STEP_MS);
	}
}

/* All threads are made at once, and stay. */
static void pool_ok(void)
{
	for (int i = 0; i < 20; i++)
		make(stay);
	pause_ms(STEPS * STEP_MS / 4);
}

/* A thread for each request, and each one ends. */
static void requests_ok(void)
{
	for (int i = 0; i < STEPS; i++) {
		make(nothing);
		pause_ms(STEP_MS / 3);
	}
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {SHAPE(growing), SHAPE(pool_ok), SHAPE(requests_ok)};

	sem_init(&leave, 0, 0);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
