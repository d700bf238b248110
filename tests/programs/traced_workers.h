/* Threads of programs that are traced: each goes through its work again and again, until all are told to end. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define WORKERS 3

static pthread_t workers[WORKERS];
static atomic_bool over;
static atomic_int working; /* workers that have been through their work once */

/* The program's. */
static void work_once(void);

static void *work_on(void *unused)
{
	for (int rounds = 0; !atomic_load(&over); rounds++) {
		work_once();
		if (!rounds)
			atomic_fetch_add(&working, 1);
		nanosleep(&(struct timespec){0, 20000}, NULL); /* others get the lock, too */
	}
	return NULL;
}

/* Returns when all are at work: by then a tracer has seen them. */
static void begin(void)
{
	atomic_store(&working, 0);
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&workers[i], NULL, work_on, NULL);
	while (atomic_load(&working) < WORKERS)
		nanosleep(&(struct timespec){0, 100000}, NULL);
}

static void end_workers(void)
{
	atomic_store(&over, true);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
}
