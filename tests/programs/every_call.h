/* What the groups of every_call.c share. */
#ifndef TESTS_PROGRAMS_EVERY_CALL_H
#define TESTS_PROGRAMS_EVERY_CALL_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "say.h"

/* For functions that return an error number and leave errno alone: both are printed. */
#define returns(call)                                                                                                  \
	do {                                                                                                           \
		errno = 77;                                                                                            \
		int result_ = (call);                                                                                  \
		say("%s = %s, errno %s\n", #call, error_name(result_), error_name(errno));                             \
	} while (0)

/* For functions that return -1 and set errno. */
#define sets_errno(call)                                                                                               \
	do {                                                                                                           \
		errno = 77;                                                                                            \
		long result_ = (long)(call);                                                                           \
		say("%s = %ld, errno %s\n", #call, result_, error_name(errno));                                        \
	} while (0)

static inline const char *error_name(int error)
{
	const char *name = error == 77 ? "untouched" : strerrorname_np(error);

	return name ? name : error == -1 ? "-1" : "?";
}

static inline struct timespec from_now(clockid_t clock, long ms)
{
	struct timespec when;

	clock_gettime(clock, &when);
	when.tv_nsec += ms * 1000000;
	when.tv_sec += when.tv_nsec / 1000000000;
	when.tv_nsec %= 1000000000;
	return when;
}

/* Runs a routine in another thread, where it finds locked what the caller holds. */
static inline void elsewhere(void *(*routine)(void *), void *argument)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, routine, argument) == 0);
	must(pthread_join(thread, NULL) == 0);
}

#endif
