/*
 * syscall(SYS_futex, ...): how Rust's std and C++20's atomics wait.  glibc's own locks do not come through here.
 * syscall(SYS_exit_group, ...): the end.  syscall(SYS_seccomp or SYS_prctl, ...): see hooks_sandbox.c.
 * All other calls are passed on as they are.
 */
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/hooks.h"

static bool waits(int operation) { return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET; }
static bool wakes(int operation) { return operation == FUTEX_WAKE || operation == FUTEX_WAKE_BITSET; }

struct futex {
	const struct caller *caller;
	const void *word;
	unsigned flags;
	long arguments[6];
};

static long futex_wait(struct futex *f)
{
	struct thread *self = lock_watcher();
	long *a = f->arguments;
	record_sync(self, f->caller, RT_WAIT, f->word, RT_KIND_FUTEX, f->flags, 0);
	long result = real.syscall(SYS_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
	int error = errno;
	record_outcome(self, f->caller, f->word, RT_KIND_FUTEX, f->flags, result < 0 ? error : 0);
	errno = error;
	return result;
}

static long futex_wake(struct futex *f)
{
	long *a = f->arguments;
	record_wide(lock_watcher(), f->caller, RT_SIGNAL, 3,
	            rt_word1((uintptr_t)f->word, rt_sync_aux(RT_KIND_FUTEX, 0, 0)), (uint64_t)(unsigned)a[2], 0);
	return real.syscall(SYS_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Six arguments are passed on, however many the call takes: the caller's registers or stack have that many values in
 * any case. */
long syscall(long number, ...)
{
	struct caller caller = CALLER();
	long a[6];
	va_list list;
	va_start(list, number);
	for (unsigned i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (unlikely(!real.syscall))
		thread_self();
	if (unlikely(number == SYS_exit_group))
		_exit((int)a[0]); /* the hook of _exit: this is an end of the process like others */
	if (unlikely(number == SYS_seccomp || number == SYS_prctl))
		return sandbox_syscall(number, a);
	if (number != SYS_futex || !options.locks)
		return real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	struct futex f = {&caller, (const void *)a[0], a[3] ? RT_SYNC_TIMED : 0, {a[0], a[1], a[2], a[3], a[4], a[5]}};
	int operation = (int)a[1] & FUTEX_CMD_MASK;
	if (waits(operation))
		return futex_wait(&f);
	if (wakes(operation))
		return futex_wake(&f);
	return real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
