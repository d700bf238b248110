/*
 * prctl and seccomp: a program gives up system calls, or the time stamp counter.
 *
 * With a filter, the shim goes on recording without system calls of its own.  In strict mode the kernel takes the
 * counter away as well, and all calls but four: that thread is not watched from then on.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "shim/hooks.h"
#include "shim/message.h"
#include "shim/races.h"
#include "shim/ring_map.h"
#include "shim/sys.h"
#include "shim/tool.h"

/* The rights that a successful call takes away. */
struct taken {
	bool calls, clock, gives_clock;
};

static struct taken by_prctl(long option, long value)
{
	bool strict = option == PR_SET_SECCOMP && value == SECCOMP_MODE_STRICT;
	return (struct taken){.calls = option == PR_SET_SECCOMP && !strict,
	                      .clock = strict || (option == PR_SET_TSC && value == PR_TSC_SIGSEGV),
	                      .gives_clock = option == PR_SET_TSC && value == PR_TSC_ENABLE};
}

static struct taken by_seccomp(long operation)
{
	return (struct taken){.calls = operation == SECCOMP_SET_MODE_FILTER,
	                      .clock = operation == SECCOMP_SET_MODE_STRICT};
}

/* Called before the real call, because afterwards it is too late. */
static void take(struct taken taken, bool *restricted)
{
	thread_self();
	*restricted = sys_restricted;
	if (taken.calls || taken.clock)
		races_end(RT_RACES_END_FILTERS);
	if (taken.calls) {
		ring_map_whole();
		store_relaxed(&sys_restricted, true);
	}
	if (!taken.clock)
		return;
	message_once("a thread gives up its clock or its system calls, and is not watched from then on", NULL);
	thread_suspend_recording();
}

static long took(struct taken taken, bool restricted, long result)
{
	bool failed = result < 0;
	if (taken.calls && failed)
		store_relaxed(&sys_restricted, restricted);
	if ((taken.clock && failed) || (taken.gives_clock && !failed))
		thread_resume_recording();
	return result;
}

int prctl(int option, ...)
{
	unsigned long a[4];
	bool restricted;
	va_list list;
	va_start(list, option);
	for (unsigned i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	struct taken taken = by_prctl(option, (long)a[0]);
	take(taken, &restricted);
	int result = (int)took(taken, restricted, real.prctl(option, a[0], a[1], a[2], a[3]));
	if (option == PR_SET_PTRACER && !result)
		tool_program_allows(a[0]);
	return result;
}

long sandbox_syscall(long number, const long *a)
{
	struct taken taken = number == SYS_prctl ? by_prctl(a[0], a[1]) : by_seccomp(a[0]);
	bool restricted;
	take(taken, &restricted);
	long result = took(taken, restricted, real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]));
	if (number == SYS_prctl && a[0] == PR_SET_PTRACER && !result)
		tool_program_allows((unsigned long)a[1]);
	return result;
}
