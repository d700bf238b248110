/* The types that the rows of hooks.def use. */
#ifndef RINGTAIL_HOOKED_H
#define RINGTAIL_HOOKED_H

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>

typedef void *(*start_routine)(void *);
typedef struct {
	char tag;
} nothrow_t; /* std::nothrow_t, passed by reference */

#endif
