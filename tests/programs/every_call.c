/*
 * Calls every C function that is hooked at least once, with its error returns where they are defined, and
 * prints results and errno: this must read the same with and without the shim.  (C++ operators:
 * every_operator.cc.)  The groups are in files of their own, every_call_*.h.
 */
#define _GNU_SOURCE
#include "every_call.h"

#include "every_call_heap.h"
#include "every_call_mutex.h"
#include "every_call_rwlock.h"
#include "every_call_sync.h"
#include "every_call_thread.h"
#include "every_call_loader.h"
#include "every_call_process.h"
#include "every_call_signals.h"
#include "every_call_libc.h"

int main(void)
{
	every_state_call(); /* first: while there is one thread */
	every_heap_call();
	every_mutex_call();
	every_rwlock_call();
	every_spin_call();
	every_cond_call();
	every_barrier_call();
	every_semaphore_call();
	every_once_call();
	every_futex_call();
	every_thread_call();
	every_c11_call();
	every_loader_call();
	every_process_call();
	every_signal_call();
	say("end\n");
	return 0;
}
