#include "tools/target/restart.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>

#include "tools/base/proc.h"
#include "tools/target/target.h"
#include "tools/base/clock.h"

#define NS_OF_MS UINT64_C(1000000)
#define NS_OF_S  UINT64_C(1000000000)

/* ---- time-outs ------------------------------------------------------------------------------- */

int restart_left_ms(int timeout, uint64_t waited_ns)
{
	uint64_t waited = waited_ns / NS_OF_MS;

	if (timeout <= 0)
		return timeout;
	return waited < (uint64_t)timeout ? timeout - (int)waited : 0;
}

/* A time-out that the kernel would refuse stays as it is. */
struct timespec restart_left(struct timespec timeout, uint64_t waited_ns)
{
	time_t seconds = (time_t)(waited_ns / NS_OF_S);
	long ns = (long)(waited_ns % NS_OF_S);

	if (timeout.tv_sec < 0 || timeout.tv_nsec < 0 || timeout.tv_nsec >= (long)NS_OF_S)
		return timeout;
	if (timeout.tv_nsec < ns) {
		timeout.tv_nsec += (long)NS_OF_S;
		timeout.tv_sec--;
	}
	timeout.tv_nsec -= ns;
	timeout.tv_sec -= seconds;
	return timeout.tv_sec < 0 ? (struct timespec){0} : timeout;
}

/* The stop itself counts as one context switch. */
uint64_t restart_slept(const struct restart_sleep *before, const struct restart_sleep *after)
{
	bool same = before->processor == after->processor && after->switches == before->switches + 1;

	return same && after->left_at > before->left_at ? after->left_at - before->left_at : 0;
}

/* ---- calls ------------------------------------------------------------------------------------- */

struct restart_call restart_call(long number)
{
	switch (number) {
#define AGAIN(name, time, argument)                                                                                    \
	case SYS_##name:                                                                                               \
		return (struct restart_call){true, RESTART_##time, argument};
#if defined(__x86_64__)
#include "tools/target/restart.def"
#endif
	default:
		return (struct restart_call){0};
	}
}

#if defined(__x86_64__)

#define RED_ZONE       128u
#define ERESTARTNOHAND 514

/* ---- when it went to sleep -------------------------------------------------------------------- */

static bool probe_sleep(struct restart_sleep *sleep, pid_t pid, pid_t tid)
{
	struct process_sched sched;

	if (!process_sched(pid, tid, &sched))
		return false;
	*sleep = (struct restart_sleep){sched.exec_start, sched.voluntary, sched.processor};
	return true;
}

void restart_probe(struct restart *restart, pid_t pid, pid_t tid)
{
	struct restart_call call = restart_call(process_system_call(pid, tid));

	*restart = (struct restart){.call = call};
	if (call.time == RESTART_WITHOUT)
		return;
	restart->sleeps = probe_sleep(&restart->before, pid, tid);
	restart->probed = ring_clock_ns(CLOCK_MONOTONIC);
}

/* ---- registers ----------------------------------------------------------------------------------- */

static bool get_registers(pid_t tid, struct user_regs_struct *registers)
{
	struct iovec place = {registers, sizeof *registers};

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &place) == 0;
}

static void set_registers(pid_t tid, struct user_regs_struct *registers)
{
	struct iovec place = {registers, sizeof *registers};

	ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &place);
}

static unsigned long long *argument_of(struct user_regs_struct *registers, unsigned argument)
{
	unsigned long long *const all[] = {&registers->rdi, &registers->rsi, &registers->rdx,
	                                   &registers->r10, &registers->r8,  &registers->r9};

	return all[argument];
}

/* ---- made again ------------------------------------------------------------------------------------ */

static void count_wait(struct restart *restart, pid_t pid, pid_t tid)
{
	struct restart_sleep after;

	restart->stopped = ring_clock_ns(CLOCK_MONOTONIC);
	if (!restart->sleeps || !probe_sleep(&after, pid, tid) || after.switches != restart->before.switches + 1)
		return;
	uint64_t slept = restart_slept(&restart->before, &after), since_probe = restart->stopped - restart->probed;
	restart->waited = slept > since_probe ? slept : since_probe;
	restart->again = true;
}

void restart_begin(struct restart *restart, pid_t pid, pid_t tid)
{
	struct user_regs_struct registers;

	if (!get_registers(tid, &registers) || (long long)registers.orig_rax < 0)
		return;
	struct restart_call call = restart_call((long)registers.orig_rax);
	if (call.known && (long long)registers.rax == -EINTR) {
		registers.rax = (unsigned long long)-ERESTARTNOHAND;
		set_registers(tid, &registers);
	}
	bool same = call.known && call.time != RESTART_WITHOUT && call.time == restart->call.time &&
	            call.argument == restart->call.argument;
	if (same && (long long)registers.rax == -ERESTARTNOHAND)
		count_wait(restart, pid, tid);
}

/* Writes the remaining time below the thread's stack pointer, and returns its address.  0: the time-out stays as it
 * is. */
static unsigned long long put_time_left(pid_t tid, unsigned long long at, uint64_t waited, unsigned long long sp,
                                        const struct target_map *stack)
{
	unsigned long long to = (sp - RED_ZONE - sizeof(struct timespec)) & ~15ull;
	struct timespec timeout;

	if (!stack || !stack->readable || !stack->writable || to < stack->start || sp >= stack->end)
		return 0;
	errno = 0;
	timeout.tv_sec = ptrace(PTRACE_PEEKDATA, tid, (void *)at, NULL);
	timeout.tv_nsec = ptrace(PTRACE_PEEKDATA, tid, (void *)(at + sizeof timeout.tv_sec), NULL);
	if (errno)
		return 0;
	timeout = restart_left(timeout, waited);
	return ptrace(PTRACE_POKEDATA, tid, (void *)to, (void *)timeout.tv_sec) ||
	               ptrace(PTRACE_POKEDATA, tid, (void *)(to + sizeof timeout.tv_sec), (void *)timeout.tv_nsec)
	           ? 0
	           : to;
}

void restart_end(const struct restart *restart, pid_t tid, const struct target_map *stack)
{
	struct user_regs_struct registers;

	if (!restart->again || !get_registers(tid, &registers))
		return;
	unsigned long long *argument = argument_of(&registers, restart->call.argument);
	uint64_t waited = restart->waited + (ring_clock_ns(CLOCK_MONOTONIC) - restart->stopped);
	if (restart->call.time == RESTART_MS && (int)*argument > 0)
		*argument = (unsigned)restart_left_ms((int)*argument, waited);
	else if (restart->call.time == RESTART_TIMESPEC && *argument) {
		unsigned long long left = put_time_left(tid, *argument, waited, registers.rsp, stack);
		if (!left)
			return;
		*argument = left;
	} else
		return;
	set_registers(tid, &registers);
}

#else

void restart_probe(struct restart *restart, pid_t pid, pid_t tid)
{
	(void)pid, (void)tid;
	*restart = (struct restart){0};
}

void restart_begin(struct restart *restart, pid_t pid, pid_t tid) { (void)restart, (void)pid, (void)tid; }

void restart_end(const struct restart *restart, pid_t tid, const struct target_map *stack)
{
	(void)restart, (void)tid, (void)stack;
}

#endif
