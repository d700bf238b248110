/*
 * Threads: creation, end, join.
 *
 * The creating thread prepares the new one's state and hands it over with the start routine and its argument
 * (handover.h), so that a new thread is known from its first instruction and allocates nothing.  If there is no memory
 * for that, the program's own routine is passed on: the thread is then adopted at its first event.
 */
#include <string.h>

#include "shim/handover.h"
#include "shim/hooks.h"
#include "shim/races.h"
#include "shim/sys.h"
#include "shim/traps.h"

/* ---- the new thread --------------------------------------------------------------------- */

/* Runs after a return, pthread_exit or cancellation: the latter two unwind through here. */
static void left_start_routine(void *self, bool unwound) { thread_end(self); }

static void *run_thread(void *place)
{
	struct handover given = handover_take(place);
	SCOPE(scope, left_start_routine, given.state);
	traps_begin_thread(given.blocks_trap);
	thread_begin(given.state);
	return given.start(given.argument);
}

static int run_thread_c11(void *place)
{
	struct handover given = handover_take(place);
	SCOPE(scope, left_start_routine, given.state);
	traps_begin_thread(given.blocks_trap);
	thread_begin(given.state);
	return given.start_c11(given.argument);
}

/* ---- creation ------------------------------------------------------------------------------ */

/* The start routine as a stack: the reader then knows its module and name, though the thread may record nothing else.
 */
static uint32_t routine_stack(uintptr_t routine)
{
	return options.stacks == RT_STACKS_NONE ? RT_STACK_NONE
	                                        : stack_table_node(RT_ROOT_COMPLETE, stack_table_pc(routine, true).id);
}

/* NULL: the thread is created without, and adopted at its first event. */
static struct handover *make_handover(struct thread *creator, void *argument)
{
	struct handover *place = creator ? handover_new() : NULL;
	struct thread *prepared = place ? thread_prepare() : NULL;
	if (place && !prepared)
		handover_take(place);
	if (!prepared)
		return NULL;
	place->state = prepared;
	place->argument = argument;
	place->blocks_trap = traps_are_blocked();
	return place;
}

/* Returns the new thread's number. */
static uint32_t prepare(struct thread *creator, const struct caller *caller, uintptr_t routine, void *argument,
                        struct thread *prepared, bool detached, size_t bytes)
{
	uint32_t id = prepared->id; /* read now: after the real call the state may be another thread's */
	prepared->own.argument = (uintptr_t)argument; /* until the thread ends, as libc would keep it */
	prepared->flags = detached ? RT_THREAD_DETACHED : 0;
	prepared->runs = routine_stack(routine);
	prepared->stack_bytes = bytes;
	record_wide(creator, caller, RT_THREAD_CREATE, 3, rt_word1(routine, prepared->flags), id, 0);
	return id;
}

/* The creation failed. */
static void discard(struct handover *place)
{
	struct handover given = handover_take(place);
	thread_discard(given.state);
}

/* Where pthread_create has put its result: the new thread may be done with that memory by now, and have unmapped it. */
static const void *result_at(const void *place, int error)
{
	void *thread = NULL;
	if (error || sys_peek(place, &thread, sizeof thread) != (long)sizeof thread)
		return NULL;
	return thread;
}

static void record_created(struct thread *creator, const struct caller *caller, uint32_t id, const void *thread,
                           int error)
{
	record_wide(creator, caller, RT_THREAD_CREATED, 3, rt_word1(error ? 0 : (uintptr_t)thread, (unsigned)error), id,
	            0);
}

/* Of a thread that had no state of the shim's, as there was no memory for it. */
static void record_not_created(struct thread *creator, const struct caller *caller, int error)
{
	if (error)
		record_created(creator, caller, 0, NULL, error);
}

static bool is_detached(const pthread_attr_t *attr)
{
	int state = PTHREAD_CREATE_JOINABLE;
	if (attr)
		pthread_attr_getdetachstate(attr, &state);
	return state == PTHREAD_CREATE_DETACHED;
}

/* attr NULL: of libc's default. */
static size_t stack_bytes(const pthread_attr_t *attr)
{
	pthread_attr_t usual;
	size_t bytes = 0;
	if (attr) {
		pthread_attr_getstacksize(attr, &bytes);
	} else if (!pthread_attr_init(&usual)) {
		pthread_attr_getstacksize(&usual, &bytes);
		pthread_attr_destroy(&usual);
	}
	return bytes;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, start_routine start, void *argument)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	races_before_thread();
	struct handover *place = make_handover(self, argument);
	if (!place) {
		int failed = real.pthread_create(thread, attr, start, argument);
		record_not_created(self, &caller, failed);
		return failed;
	}
	place->start = start;
	uint32_t id =
	    prepare(self, &caller, (uintptr_t)start, argument, place->state, is_detached(attr), stack_bytes(attr));
	int error = real.pthread_create(thread, attr, run_thread, place);
	if (error)
		discard(place);
	record_created(self, &caller, id, result_at(thread, error), error);
	return error;
}

/* glibc's thrd_create has one answer for all that pthread_create says, but for a lack of memory. */
static int create_error(int result) { return result == thrd_error ? EAGAIN : c11_error(result); }

int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	races_before_thread();
	struct handover *place = make_handover(self, argument);
	if (!place) {
		int failed = real.thrd_create(thread, start, argument);
		record_not_created(self, &caller, failed ? create_error(failed) : 0);
		return failed;
	}
	place->start_c11 = start;
	uint32_t id = prepare(self, &caller, (uintptr_t)start, argument, place->state, false, stack_bytes(NULL));
	int error = real.thrd_create(thread, run_thread_c11, place);
	if (error)
		discard(place);
	record_created(self, &caller, id, result_at(thread, error), error ? create_error(error) : 0);
	return error;
}

/* ---- join and the rest ------------------------------------------------------------------------ */

static void record_thread(struct thread *self, const struct caller *caller, unsigned type, uintptr_t thread, int error)
{
	record(self, caller, type, rt_word1(thread, (unsigned)error));
}

/* as_error: what makes an errno value of the result. */
#define JOIN(flags, as_error, call)                                                                                    \
	struct caller caller = CALLER();                                                                               \
	struct thread *self = thread_self();                                                                           \
	if (unlikely(confirm_mode == LOCKS_CONFIRMED))                                                                 \
		confirm_take(self, &caller, (const void *)thread, flags);                                              \
	struct wait wait = {self, &caller, (const void *)thread, RT_KIND_THREAD, flags};                               \
	SCOPE(scope, wait_left, &wait);                                                                                \
	record_sync(self, &caller, RT_WAIT, (const void *)thread, RT_KIND_THREAD, flags, 0);                           \
	int error = call;                                                                                              \
	record_thread(self, &caller, RT_JOINED, thread, as_error(error));                                              \
	return error;

int pthread_join(pthread_t thread, void **result) { JOIN(0, , real.pthread_join(thread, result)) }

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *t)
{
	JOIN(t ? RT_SYNC_TIMED : 0, , real.pthread_timedjoin_np(thread, result, t))
}

int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t c, const struct timespec *t)
{
	JOIN(t ? RT_SYNC_TIMED : 0, , real.pthread_clockjoin_np(thread, result, c, t))
}

int thrd_join(thrd_t thread, int *result) { JOIN(0, c11_error, real.thrd_join(thread, result)) }

int pthread_tryjoin_np(pthread_t thread, void **result)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	int error = real.pthread_tryjoin_np(thread, result);
	record_thread(self, &caller, RT_JOINED, thread, error);
	return error;
}

/* Recorded after the call, when its result is known.  How the thread ends does not depend on it. */
int pthread_detach(pthread_t thread)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	int error = real.pthread_detach(thread);
	record_thread(self, &caller, RT_DETACH, thread, error);
	return error;
}

int thrd_detach(thrd_t thread)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	int result = real.thrd_detach(thread);
	record_thread(self, &caller, RT_DETACH, thread, c11_error(result));
	return result;
}

int pthread_cancel(pthread_t thread)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	record_thread(self, &caller, RT_CANCEL, thread, 0); /* before the call: the thread may cancel itself */
	return real.pthread_cancel(thread);
}

void pthread_exit(void *result)
{
	struct caller caller = CALLER();
	record(thread_self(), &caller, RT_THREAD_EXIT, 0);
	real.pthread_exit(result);
	__builtin_unreachable();
}

void thrd_exit(int result)
{
	struct caller caller = CALLER();
	record(thread_self(), &caller, RT_THREAD_EXIT, 0);
	real.thrd_exit(result);
	__builtin_unreachable();
}

/* Word 2 and 3 are the name; Linux's limit is 15 characters. */
int pthread_setname_np(pthread_t thread, const char *name)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	int error = real.pthread_setname_np(thread, name);
	if (!error) {
		uint64_t words[2] = {0, 0};
		memcpy(words, name, strnlen(name, 15));
		record_wide(self, &caller, RT_THREAD_NAME, 4, rt_word1(thread, 0), words[0], words[1]);
	}
	return error;
}
