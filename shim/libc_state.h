/*
 * Calls of libc functions with hidden state (libc_state.def): what is recorded of them, and how two that meet are
 * noticed.
 *
 * Such calls are frequent in some programs, above all getenv.  So not every call is an event:
 * - A process that never had a second thread records none.
 * - A thread records the first calls of each function from each place, and fewer and fewer after that
 *   (RT_LIBC_ENTER).  From these the tools predict.
 * - Calls of two threads that meet are always recorded.
 *
 * A thread says in its own state in which function it is (`now`), from its entry into the hook until it leaves it:
 *
 *      first thread (A)                           second thread (B)
 *      ----------------                           -----------------
 *      L1: now = call A        (release)          L1: now = call B
 *      L2: the state's latest user = A            L2: A was the latest user (exchange; readers only load)
 *          the real function                      L3: A.now (acquire) is a call that conflicts
 *      L5: now = 0             (release)          L4: A.met = call A, and records ENTER(B met A)
 *      L6: met is this call: records LEAVE(A)         the real function, then LEAVE(B)
 *
 * If the program orders A's call before B's, by anything, then L5 happens before L3, and L3 does not see the call.  So
 * a call that L3 sees is ordered by nothing.  The two LEAVE records show that both hooks returned: a call that was left
 * by longjmp or cancellation has none, and its stale `now` proves nothing.  A call that L3 misses is a race that is not
 * noticed this time.
 *
 * A writer also looks for readers in the states of all threads, since readers leave no trace at L2.
 *
 * Each number of a call is used once in a thread's state, also if another thread takes the state over.
 */
#ifndef RINGTAIL_LIBC_STATE_H
#define RINGTAIL_LIBC_STATE_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum libc_function { /* LIBC_localtime, ... */
#define LIBC_FUNCTION(id, ...) LIBC_##id,
#include "shim/libc_state.def"
	             LIBC_FUNCTIONS
};

enum libc_state_id { /* LIBC_STATE_TM, ... */
#define LIBC_STATE(id, text) LIBC_STATE_##id,
#include "shim/libc_state.def"
	             LIBC_STATES
};

#define LIBC_KEYS  16 /* slots for streams, which have a state each */
#define LIBC_USERS (LIBC_STATES + LIBC_KEYS)

#define LIBC_SITES 64

struct libc_site {
	uint32_t place; /* hash of function and caller */
	uint32_t calls, meetings;
};

struct libc_calls {   /* of a thread */
	uint64_t now; /* number of the call << 32 | enum libc_function; 0: in none.  Read by other threads */
	uint64_t key; /* the stream that it uses; 0: none */
	uint64_t met; /* number of the call that another thread has met.  Written by other threads */
	uint32_t number;
	struct libc_site sites[LIBC_SITES];
};

struct caller;
struct thread;

struct libc_call {           /* one call, in its hook's frame */
	struct thread *self; /* NULL: nothing is recorded */
	uint64_t now;
	bool met;
};

/* Around the real function.  stream: the directory stream that it uses, or NULL.  called: that function, whose state is
 * known only if it is libc's.  changed: the call may have changed the state, or read it.  errno is unchanged. */
struct libc_call libc_enter(const struct caller *caller, enum libc_function function, const void *stream, void *called);
void libc_leave(const struct libc_call *call, const struct caller *caller, bool changed);

/* The thread takes a state that another thread has left. */
void libc_calls_forget(struct libc_calls *calls);

#pragma GCC visibility pop

#endif
