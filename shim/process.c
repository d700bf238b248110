/*
 * The life of the process.
 *
 * (1) Boot (boot.c), once per address space.  The first hooked call may come from the loader, before any constructor
 *     has run.  It looks up the real functions, reads the options and registers the last exit handler.  dlsym may
 *     allocate: memory that the booting thread asks for meanwhile is of the bootstrap heap.  Other threads wait; in
 *     practice there are none.
 *
 * (2) Begin, once per process: finds or makes the run directory (run_directory.c) and creates the ring file
 *     (ring_file.c).  State that must not survive a fork, `process` and every thread's state, lies in pages that the
 *     kernel wipes in a forked child.  So a child of fork, _Fork, clone or of a fork within a signal handler finds
 *     PROCESS_NEW and no thread state at its next hooked call, and begins a ring of its own, at the same address.  It
 *     never writes events to its parent's ring, because that needs a lane.  No atfork handler is needed, and a child
 *     that execs at once costs nothing.
 *     vfork and clone(CLONE_VM) children run in the parent's memory and on its thread's state.  What they record counts
 *     as the parent's; exec and exit in them are recognised by the process id.
 *
 * (3) Failure to begin (no directory, no space, no memory) is PROCESS_OFF: one line on standard error (message.c),
 *     every hook calls the real function, and nothing else happens.  Where a sanitizer is in the process (sanitizer.h),
 *     boot ends before its first call into libc but the look-ups.  Then `process` stays NULL, and no hook ever records.
 *
 * (4) The end.  on_exit handlers run in reverse order.  The shim's is registered first of all, so it runs after every
 *     destructor and atexit handler.  _exit, quick_exit, abort and exec are hooked.  At each of these the process waits
 *     for the leak scan (scan.h), unless it aborts.  Calls after the end are normal, and their events are recorded like
 *     others.  SIGKILL leaves RT_END_RUNNING and a dead pid.
 *
 * (5) Threads: see thread.h.  Signals: any hook may be interrupted at any instruction; see ring.h and stack.h for why
 *     that does no harm.
 *
 * (6) Locks: there is one, held while the ring's mapping grows or the limit of address space changes (address_space.h):
 *     for a few system calls, with signals held back.  Loops that wait for another thread: (1), (2), that lock, and a
 *     writer waiting for a live reader (ring.c).  A thread that enters such a loop holds nothing, so the thread that it
 *     waits for needs nothing from it.
 *
 * (7) Descriptors: the ring file's is closed as soon as the file is mapped, so the program cannot close or reuse it.
 */
#include "shim/process.h"

#include <stdlib.h>

#include "shim/address_space.h"
#include "shim/allocator.h"
#include "shim/boot.h"
#include "shim/clock.h"
#include "shim/environment.h"
#include "shim/hold.h"
#include "shim/options.h"
#include "shim/resolve.h"
#include "shim/ring_file.h"
#include "shim/scan.h"
#include "shim/sys.h"
#include "shim/thread.h"

struct process *process;

int __cxa_at_quick_exit(void (*handler)(void *), void *dso); /* a library's at_quick_exit calls this function */

bool process_is_ours(void)
{
	return process && load_acquire(&process->state) == PROCESS_RECORDING &&
	       (sys_restricted || process->pid == sys_getpid());
}

/* ---- begin ---------------------------------------------------------------------------------- */

static bool create_ring(void)
{
	bool created = ring_file_create();
	if (created)
		environment_name_run(options.run);
	return created;
}

/* One thread makes the ring, and the others wait for it.  No signal handler runs in that thread meanwhile: it would
 * wait for the thread that it interrupts, or fork with half a ring. */
static bool begin(void)
{
	uint64_t signals;
	if (sys_restricted) { /* a forked child without the right to make a file */
		cas_acq_rel(&process->state, PROCESS_NEW, PROCESS_OFF);
		return load_acquire(&process->state) == PROCESS_RECORDING;
	}
	sys_hold_signals(&signals);
	if (cas_acq_rel(&process->state, PROCESS_NEW, PROCESS_STARTING)) {
		process->starter = sys_gettid();
		store_release(&process->state, create_ring() ? PROCESS_RECORDING : PROCESS_OFF);
	}
	/* what libc calls on the way to a ring comes here again, in the same thread */
	while (load_acquire(&process->state) == PROCESS_STARTING && process->starter != sys_gettid())
		sys_yield();
	sys_let_signals(&signals);
	return load_acquire(&process->state) == PROCESS_RECORDING;
}

bool process_ready(void)
{
	if (boot_under_way())
		return false;
	boot();
	if (unlikely(!process))
		return false;
	uint32_t state = load_acquire(&process->state);
	if (likely(state == PROCESS_RECORDING))
		return true;
	return state == PROCESS_OFF ? false : begin();
}

__attribute__((constructor)) static void construct(void)
{
	if (process_ready())
		environment_extend();
	operators_start_up();
	heap_start_up();
	allocator_start_up();
}

/* ---- the end ---------------------------------------------------------------------------------- */

static void record_exit(enum rt_end_how how, int status)
{
	struct thread *self = thread_self();
	if (!self)
		return;
	unsigned lane = thread_enter(self, (uintptr_t)__builtin_frame_address(0));
	if (lane < RING_LANES)
		ring_write(self, &self->lanes[lane], RT_EXIT, 2, rt_word1((uint32_t)status, how), 0, 0);
	thread_leave(self, lane);
}

void process_end(enum rt_end_how how, int status)
{
	if (!process_is_ours())
		return;
	struct rt_header *header = process->header;
	if (how != RT_END_RUNNING && how != RT_END_EXEC)
		record_exit(how, status);
	if (thread_self()) /* else the clock may be out of reach */
		header->clock_latest = clock_pair();
	header->end_stamp = header->clock_latest.ticks;
	header->end_status = status;
	store_release(&header->end_how, how);
	if (how == RT_END_RUNNING)
		scan_not_the_end();
}

/* ---- boot ------------------------------------------------------------------------------------- */

static void at_exit(int status, void *unused)
{
	process_end(RT_END_EXIT, status);
	scan_at_end(HOLD_END);
}

/* The hook of quick_exit came first, and has noted the status. */
static void at_quick_exit_end(void *unused) { scan_at_end(HOLD_END); }

void process_start_up(void)
{
	on_exit(at_exit, NULL);
	__cxa_at_quick_exit(at_quick_exit_end, NULL);
	address_space_take(4096);
	process = sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (process)
		sys_madvise(process, 4096, MADV_WIPEONFORK);
}
