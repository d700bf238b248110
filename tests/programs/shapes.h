/*
 * For C and C++ programs with many shapes.  A run executes one shape, which the first argument names.  A table row is
 * SHAPE(name), for a function `static void name(void)`.  A shape NAME_ok is the correct form of the faulty shape NAME.
 */
#ifndef TESTS_PROGRAMS_SHAPES_H
#define TESTS_PROGRAMS_SHAPES_H

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "say.h"
#include "thread_state.h"
#include "turns.h"

struct shape {
	const char *name;
	void (*run)(void);
};

#define SHAPE(name)                                                                                                    \
	{                                                                                                              \
#name, name                                                                                            \
	}

static inline int run_shape(const struct shape *shapes, size_t count, int argc, char **argv)
{
	alarm(60);
	for (size_t i = 0; argc == 2 && i < count; i++) {
		if (strcmp(shapes[i].name, argv[1]))
			continue;
		shapes[i].run();
		say("done\n");
		return 0;
	}
	say("which shape?\n");
	return 2;
}

/* Tells the test which lock is at which address. */
static inline void name_lock(const char *name, const volatile void *lock)
{
	say("lock %s %p\n", name, (const void *)lock);
}
#define NAME_LOCK(lock) name_lock(#lock, &lock)

static inline void pause_ms(long ms)
{
	struct timespec how_long = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&how_long, NULL);
}

/* Returns when the thread has used so many milliseconds of processor time from now on: it spins by then. */
static inline void await_work(pthread_t thread, long ms)
{
	struct timespec begin, now;
	clockid_t clock;

	must(pthread_getcpuclockid(thread, &clock) == 0);
	must(clock_gettime(clock, &begin) == 0);
	do {
		pause_ms(1);
		must(clock_gettime(clock, &now) == 0);
	} while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
}

static inline struct timespec in_ms(long ms)
{
	struct timespec when;

	clock_gettime(CLOCK_REALTIME, &when);
	when.tv_nsec += ms * 1000000;
	when.tv_sec += when.tv_nsec / 1000000000;
	when.tv_nsec %= 1000000000;
	return when;
}

static inline pthread_t start(void *(*routine)(void *), void *argument)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, routine, argument) == 0);
	return thread;
}

/* Runs the function in a new thread, and waits for its end. */
static inline void in_thread(void *(*routine)(void *), void *argument)
{
	must(pthread_join(start(routine, argument), NULL) == 0);
}

/* Runs each function in a new thread, and waits for the end of both. */
static inline void in_threads(void *(*one)(void *), void *(*other)(void *))
{
	pthread_t threads[] = {start(one, NULL), start(other, NULL)};

	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

static inline void init_mutex(pthread_mutex_t *mutex, int type, int robust)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type);
	pthread_mutexattr_setrobust(&attributes, robust);
	must(pthread_mutex_init(mutex, &attributes) == 0);
	pthread_mutexattr_destroy(&attributes);
}

#endif
