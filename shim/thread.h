/*
 * What the shim knows of a thread: its lanes into the ring, its stack, its caches.
 *
 * A thread's state is made at its creation (by the creating thread, so that a new
 * thread allocates nothing) or at its first event, and given to a later thread
 * when it ends.  It lives in pages that are wiped in a forked child: a state with
 * ready == 0 belongs to no thread.
 */
#ifndef RINGTAIL_THREAD_H
#define RINGTAIL_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/atomics.h"
#include "shim/libc_state.h"
#include "shim/process.h"
#include "shim/ring.h"
#include "shim/stack.h"

#pragma GCC visibility push(hidden)

/* The frame that called a hook. */
struct caller {
	uintptr_t pc; /* return address into the program */
	uintptr_t sp; /* stack pointer after the return */
	uintptr_t bp; /* frame pointer register of the caller */
};

#if defined(__x86_64__) || defined(__aarch64__)
/* Only in a hook itself, not in a function called by it. */
#define CALLER()                                                                                                       \
	__extension__({                                                                                                \
		const uintptr_t *caller_frame = __builtin_frame_address(0);                                            \
		(struct caller){(uintptr_t)__builtin_return_address(0), (uintptr_t)(caller_frame + 2),                 \
		                caller_frame[0]};                                                                      \
	})
#endif

/* The operator new or delete that the program called, while the real one is at work. */
#define NO_SIZE SIZE_MAX

struct origin {
	uint32_t type; /* RT_OPERATOR_NEW, RT_OPERATOR_DELETE, ...; 0: there is none */
	struct caller caller;
	/* 1: the operator is the allocator's own, and its hook records what it does. */
	uint32_t own;
	size_t bytes;      /* asked of new; given to a sized delete, else NO_SIZE */
	const void *block; /* own: delete gives it back, which is recorded; new: a hook of malloc made and recorded it
	                    * as what new returns */
	const void *inner; /* own new: the last block that a hook of malloc made meanwhile, */
	size_t inner_bytes;
};

#define ON_STACK_KNOWN 512u

struct thread {
	struct rt_own own;  /* in the header's push-only list; `argument` was handed over by the creator */
	uint32_t ready;     /* recording: lanes and stack are set up */
	uint32_t in_use;    /* taken by a thread; 0: may be taken */
	uint32_t id;        /* ringtail's number, 1 for the first */
	int tid;            /* the kernel's */
	unsigned nesting;   /* hooks of this thread that are writing: 0, or more in signal handlers */
	uint32_t straggler; /* recorded after its destructors had run: reclaimed when the tid is gone */
	struct origin origin;
	uintptr_t entered[RING_LANES]; /* frame of the hook that writes in each lane */
	struct lane lanes[RING_LANES];

	/* handed to a new thread by its creator */
	uint32_t flags;        /* RT_THREAD_* */
	uint32_t runs;         /* stack of one frame, its start routine; RT_STACK_NONE: not known */
	size_t stack_bytes;    /* 0: not known */
	uint64_t stack_extent; /* word 3 of RT_THREAD_BEGIN */
	unsigned destructor_rounds;

	uint64_t on_stack[ON_STACK_KNOWN]; /* hashes of the locks on its stack that it has told of, with their calls */

	struct libc_calls libc;

	struct confirm_state *confirm; /* NULL until the thread comes to a place of the plan */

	struct stack_state stack; /* last: its size depends on the depth option */
};

extern __thread struct thread *thread_current;

/* All states of the process, newest first, in use or not.  The list only grows. */
static inline struct thread *thread_first(void)
{
	return (struct thread *)(uintptr_t)load_acquire(&process->header->own);
}

static inline struct thread *thread_next(const struct thread *thread)
{
	return (struct thread *)(uintptr_t)thread->own.next;
}

/* The slow path of thread_self. */
struct thread *thread_attach(void);

/* The calling thread's state, or NULL where nothing can be recorded.  Usual path: one load and one compare. */
static inline struct thread *thread_self(void)
{
	struct thread *self = thread_current;
	if (likely(self && self->ready))
		return self;
	return thread_attach();
}

/* Makes a state with an id of its own for a thread that is about to be created; NULL: there is no memory. */
struct thread *thread_prepare(void);
/* Gives the state back: the creation of its thread failed. */
void thread_discard(struct thread *thread);
/* Makes the prepared state that of the calling thread, which is new and has run no code of the program but signal
 * handlers.  If one of them has forked, and this is the child, the state was wiped: the thread is adopted later. */
void thread_begin(struct thread *thread);
/* Records that the start routine of the calling thread has ended, by return, exit or cancellation.  Does nothing if the
 * state was wiped. */
void thread_end(struct thread *thread);
/*
 * Around a fork.  A signal handler may fork in the middle of a hook; in the child that hook goes on when the handler
 * returns.  So the thread's state is not wiped in that case.  The hook writes to the same address as before, where the
 * child's own ring has a place that no reader reads.  The child's recording begins with the first hook after it.
 */
void thread_before_fork(struct thread *thread);
void thread_after_fork(struct thread *thread, bool in_child);

/* The calling thread is about to give up the clock or its system calls: it records nothing from here on. */
void thread_suspend_recording(void);
/* The calling thread has kept them after all, or has them again. */
void thread_resume_recording(void);
/* Makes the key whose destructor runs last.  Once per process image. */
void thread_start_up(void);

/* The part of thread_enter for a hook in a signal handler that interrupted another hook, or after a hook that was left
 * by longjmp.  Returns the lane to use; RING_LANES or more: none is left. */
unsigned thread_nested(struct thread *thread, uintptr_t frame);

/* Enter and leave bracket everything that writes thread state.  A signal handler that comes between sees
 * nesting > 0 and uses the next lane, its own scratch and no caches. */
static inline unsigned thread_enter(struct thread *self, uintptr_t frame)
{
	unsigned lane = self->nesting;
	if (unlikely(lane))
		lane = thread_nested(self, frame);
	if (likely(lane < RING_LANES))
		self->entered[lane] = frame;
	self->nesting = lane + 1;
	signal_fence();
	return lane;
}

static inline void thread_leave(struct thread *self, unsigned lane)
{
	signal_fence();
	self->nesting = lane;
}

#pragma GCC visibility pop

#endif
