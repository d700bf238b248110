#include "shim/thread.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "shim/address_space.h"
#include "shim/confirm.h"
#include "shim/options.h"
#include "shim/sys.h"

#define DEFAULT_STACK     (8u << 20)
#define MAIN_STACK_LEAST  (64u << 20) /* the kernel keeps so much below the main stack free */
#define DESCRIPTOR_MOST   (8u << 10)  /* of a thread, rounded up to pages */
#define DESTRUCTOR_ROUNDS 4           /* PTHREAD_DESTRUCTOR_ITERATIONS of glibc */

__thread struct thread *thread_current;
static __thread bool suspended;         /* see thread_suspend_recording */
static __thread bool attaching;         /* while the thread gets its state: what libc calls then is not recorded */
static __thread uint32_t thread_number; /* outlives the state, so that a straggler keeps its number */

extern void *__libc_stack_end;

static pthread_key_t last_key;
static bool have_key;

static size_t state_bytes(void)
{
	size_t bytes = sizeof(struct thread) + stack_state_bytes((uint32_t)options.depth);
	return (bytes + 4095) & ~(size_t)4095;
}

static bool tid_is_gone(int tid) { return !sys_restricted && sys_tgkill(process->pid, tid, 0) == -ESRCH; }

/* A state that its thread has left.  Taking one is a compare-and-swap; the list only grows, so walking it needs no
 * more than that. */
static struct thread *take_free(void)
{
	for (struct thread *t = thread_first(); t; t = thread_next(t)) {
		if (!load_relaxed(&t->in_use) && cas_acq_rel(&t->in_use, 0, 1))
			return t;
		if (load_relaxed(&t->straggler) && tid_is_gone(t->tid) && cas_acq_rel(&t->straggler, 1, 0))
			return t;
	}
	return NULL;
}

static void add_to_list(struct thread *thread)
{
	uint64_t first;
	do {
		first = load_relaxed(&process->header->own);
		thread->own.next = first;
	} while (!cas_acq_rel(&process->header->own, first, (uint64_t)(uintptr_t)thread));
}

static struct thread *make_state(void)
{
	address_space_take(state_bytes());
	struct thread *thread = sys_mmap(NULL, state_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!thread) {
		address_space_give(state_bytes());
		return NULL;
	}
	sys_madvise(thread, state_bytes(), MADV_WIPEONFORK);
	sys_madvise(thread, state_bytes(), MADV_DONTDUMP);
	thread->own.bytes = state_bytes();
	thread->in_use = 1;
	add_to_list(thread);
	return thread;
}

static struct thread *take_state(void)
{
	struct thread *thread = take_free();
	if (!thread)
		thread = make_state();
	if (!thread)
		return NULL;
	thread->flags = 0;
	thread->runs = RT_STACK_NONE;
	thread->stack_bytes = 0;
	thread->nesting = 0;
	thread->straggler = 0;
	thread->destructor_rounds = 0;
	thread->origin.type = 0;
	libc_calls_forget(&thread->libc);
	confirm_forget(thread);
	stack_state_start(&thread->stack, (uint32_t)options.depth);
	return thread;
}

static uint32_t next_id(void) { return (uint32_t)fetch_add_relaxed(&process->header->threads, 1) + 1; }

/* What is certainly the stack that ends at `high`: glibc puts the thread's descriptor, and little more, behind that, so
 * that the stack may begin so much higher. */
static uint64_t extent(uintptr_t high, uintptr_t bytes)
{
	uintptr_t units = bytes > DESCRIPTOR_MOST ? (bytes - DESCRIPTOR_MOST) >> RT_STACK_UNIT_SHIFT : 0;
	return units ? rt_word1(high, (unsigned)(units < RT_STACK_UNITS_MOST ? units : RT_STACK_UNITS_MOST)) : 0;
}

/* Arguments and environment lie behind the first frame, and the program's name is the last of that. */
static uintptr_t main_stack_end(void)
{
	uintptr_t name = getauxval(AT_EXECFN), end = (uintptr_t)__libc_stack_end;
	return name > end && name - end < MAIN_STACK_LEAST ? name : end;
}

/* glibc puts a thread's descriptor, which the thread pointer points to, at the upper end of its stack. */
static void find_stack(struct thread *thread, uintptr_t bytes)
{
	struct rlimit limit;
	uintptr_t high = (uintptr_t)__builtin_thread_pointer();
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t main_high = (uintptr_t)__libc_stack_end;

	thread->stack_extent = bytes ? extent(high, bytes) : 0;
	if (!bytes)
		bytes = DEFAULT_STACK;
	if (thread->tid == process->pid) {
		high = main_high;
		thread->stack_extent = extent(main_stack_end(), MAIN_STACK_LEAST);
		bytes = MAIN_STACK_LEAST;
		if (!sys_getrlimit(RLIMIT_STACK, &limit) && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur > bytes)
			bytes = limit.rlim_cur;
	}
	uintptr_t low = high - bytes;
	if (here < low || here >= high) /* a forked child of another thread keeps that thread's stack */
		low = high = thread->stack_extent = 0;
	stack_state_bounds(&thread->stack, low, high);
}

/* Announces the thread in lane 0 and makes the state the calling thread's. */
static void become(struct thread *thread, uintptr_t stack_bytes)
{
	thread->tid = sys_gettid();
	find_stack(thread, stack_bytes);
	thread->ready = 1;
	thread_number = thread->id;
	thread_current = thread;
	unsigned lane = thread_enter(thread, (uintptr_t)__builtin_frame_address(0));
	ring_announce(thread, &thread->lanes[0]);
	thread_leave(thread, lane);
	if (have_key)
		pthread_setspecific(last_key, thread);
}

/* Adopts a thread at its first event: one that was not made through a hook, the first thread, or a straggler. */
static struct thread *adopt(struct thread *wiped)
{
	struct thread *thread = wiped;
	if (thread) { /* in a forked child: the state belongs to this thread */
		memset(thread, 0, state_bytes());
		thread->in_use = 1;
		add_to_list(thread);
		stack_state_start(&thread->stack, (uint32_t)options.depth);
		thread_number = 0;
	} else {
		thread = take_state();
	}
	if (!thread)
		return NULL;
	bool straggler = thread_number != 0;
	thread->id = straggler ? thread_number : next_id();
	if (thread->id > 1)
		ring_threaded = true;
	bool first = sys_gettid() == process->pid || wiped;
	thread->flags = first ? RT_THREAD_MAIN : straggler ? 0 : RT_THREAD_ADOPTED;
	become(thread, 0);
	store_relaxed(&thread->straggler, straggler);
	return thread;
}

/* No signal handler runs while a thread gets its state.  A handler that forks would go on in the child with a state
 * half made, of which the kernel has wiped the part that was. */
static void attach_begin(uint64_t *signals)
{
	sys_hold_signals(signals);
	attaching = true;
}

static void attach_end(const uint64_t *signals)
{
	attaching = false;
	sys_let_signals(signals);
}

/* A handler that ran just before signals were held may have adopted the thread, or have forked: then this is the child,
 * whose ring begins here. */
static struct thread *state_or_adopted(void)
{
	if (!process_ready())
		return NULL;
	return thread_current && thread_current->ready ? thread_current : adopt(thread_current);
}

struct thread *thread_attach(void)
{
	struct thread *thread = NULL;
	uint64_t signals;

	if (suspended || !process_ready())
		return NULL;
	if (attaching) {
		fetch_add_relaxed(&process->header->lost, 1);
		return NULL;
	}
	thread = thread_current;
	if (thread && thread->ready)
		return thread;
	if (thread && thread->nesting) { /* forked in the middle of a hook that has not ended yet */
		fetch_add_relaxed(&process->header->lost, 1);
		return NULL;
	}
	attach_begin(&signals);
	thread = state_or_adopted();
	attach_end(&signals);
	return thread;
}

struct thread *thread_prepare(void)
{
	struct thread *thread = take_state();
	if (!thread)
		return NULL;
	thread->id = next_id();
	ring_threaded = true;
	return thread;
}

void thread_discard(struct thread *thread) { store_release(&thread->in_use, 0); }

/* The thread records nothing after this; another thread may take its state. */
static void release(struct thread *thread)
{
	if (thread->flags & RT_THREAD_ADOPTED)
		thread_end(thread);
	thread_current = NULL;
	thread->ready = 0;
	store_release(&thread->in_use, 0);
}

/* True in a forked child, until the state is adopted there. */
static bool is_wiped(const struct thread *thread) { return thread->id == 0; }

void thread_begin(struct thread *thread)
{
	uint64_t signals;

	attach_begin(&signals);
	if (!is_wiped(thread)) {
		if (thread_current && thread_current->ready) /* adopted by a signal handler that came before this */
			release(thread_current);
		become(thread, thread->stack_bytes);
	}
	attach_end(&signals);
}

void thread_end(struct thread *thread)
{
	if (is_wiped(thread))
		return;
	thread->own.argument = 0;
	unsigned lane = thread_enter(thread, (uintptr_t)__builtin_frame_address(0));
	if (lane < RING_LANES)
		ring_write(thread, &thread->lanes[lane], RT_THREAD_END, 2, 0, 0, 0);
	thread_leave(thread, lane);
}

/* Runs in each round of the thread's destructors; the shim's key is the process's first, and so the first in each
 * round.  After its last round, only the last round of other keys can follow. */
static void leave_thread(void *state)
{
	struct thread *thread = state;
	if (thread != thread_current)
		return;
	if (++thread->destructor_rounds < DESTRUCTOR_ROUNDS) {
		pthread_setspecific(last_key, thread);
		return;
	}
	release(thread);
}

void thread_suspend_recording(void)
{
	suspended = true;
	if (thread_current)
		thread_current->ready = 0;
}

void thread_resume_recording(void)
{
	suspended = false;
	if (thread_current && thread_current->in_use)
		thread_current->ready = 1;
}

void thread_before_fork(struct thread *thread)
{
	if (thread && thread->nesting)
		sys_madvise(thread, state_bytes(), MADV_KEEPONFORK);
}

void thread_after_fork(struct thread *thread, bool in_child)
{
	if (!thread || !thread->nesting) /* in a child: wiped */
		return;
	sys_madvise(thread, state_bytes(), MADV_WIPEONFORK);
	if (in_child) {
		thread->ready = 0;
		process_ready(); /* the child's ring takes the place of the parent's, which the hook must not write to
		                  */
	}
}

void thread_start_up(void) { have_key = pthread_key_create(&last_key, leave_thread) == 0; }

static bool on_own_stack(const struct thread *thread, uintptr_t address)
{
	return address >= thread->stack.low && address < thread->stack.high;
}

unsigned thread_nested(struct thread *thread, uintptr_t frame)
{
	unsigned depth = thread->nesting < RING_LANES ? thread->nesting : RING_LANES;
	/* A hook with a frame further in on the same stack than this one is gone: a handler left it by longjmp. */
	while (depth && on_own_stack(thread, frame) && on_own_stack(thread, thread->entered[depth - 1]) &&
	       thread->entered[depth - 1] <= frame)
		depth--;
	if (depth >= RING_LANES) {
		ring_lose(&thread->lanes[0], RT_LOSS_NESTED);
		return RING_LANES;
	}
	thread->nesting = depth + 1; /* before the announcement writes */
	thread->entered[depth] = frame;
	signal_fence();
	ring_announce(thread, &thread->lanes[depth]);
	return depth;
}
