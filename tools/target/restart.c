#include "tools/target/restart.h"

#include <elf.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stddef.h>
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

/* The stop itself counts as one context switch. The kernel sets the time to 0 when it moves a
 * sleeping thread to another processor. */
uint64_t restart_slept(const struct restart_sleep *before, const struct restart_sleep *after)
{
	bool same = before->processor == after->processor && after->switches == before->switches + 1;

	return same && before->left_at && after->left_at > before->left_at ? after->left_at - before->left_at : 0;
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
#define SYSCALL_BYTES  2u /* of the instruction */
#define ERESTARTSYS    512
#define ERESTARTNOHAND 514

#ifndef IORING_ENTER_ABS_TIMER
#define IORING_ENTER_ABS_TIMER (1u << 5)
#endif
#ifndef IORING_ENTER_EXT_ARG_REG
#define IORING_ENTER_EXT_ARG_REG (1u << 6)
#endif

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

/* ---- time-outs in memory ---------------------------------------------------------------------------- */

static bool peek(pid_t tid, unsigned long long from, void *to, size_t words)
{
	for (size_t i = 0; i < words; i++) {
		errno = 0;
		long word = ptrace(PTRACE_PEEKDATA, tid, (void *)(from + i * sizeof word), NULL);
		if (errno)
			return false;
		memcpy((char *)to + i * sizeof word, &word, sizeof word);
	}
	return true;
}

static bool poke(pid_t tid, unsigned long long to, const void *from, size_t words)
{
	long word;

	for (size_t i = 0; i < words; i++) {
		memcpy(&word, (const char *)from + i * sizeof word, sizeof word);
		if (ptrace(PTRACE_POKEDATA, tid, (void *)(to + i * sizeof word), (void *)word))
			return false;
	}
	return true;
}

/* Room for the time-out, and behind it for io_uring's argument, below the stack.  0: there is none. */
struct room {
	struct timespec timeout;
	struct io_uring_getevents_arg argument;
};
#define WORDS(type) (sizeof(type) / sizeof(long))

static unsigned long long find_room(unsigned long long sp, const struct target_map *stack)
{
	unsigned long long to = (sp - RED_ZONE - sizeof(struct room)) & ~15ull;

	return stack && stack->readable && stack->writable && to >= stack->start && sp < stack->end ? to : 0;
}

/* Puts what is left of the time-out at `from` into the room.  False: the time-out stays as it is. */
static bool put_time_left(pid_t tid, unsigned long long from, uint64_t waited, unsigned long long room)
{
	struct timespec timeout = {0};

	if (!peek(tid, from, &timeout, WORDS(timeout)))
		return false;
	timeout = restart_left(timeout, waited);
	return poke(tid, room + offsetof(struct room, timeout), &timeout, WORDS(timeout));
}

/* The argument is of this kind by a flag alone. */
static bool has_uring_argument(const struct user_regs_struct *registers)
{
	unsigned flags = (unsigned)registers->r10;

	return (flags & IORING_ENTER_EXT_ARG) && !(flags & (IORING_ENTER_ABS_TIMER | IORING_ENTER_EXT_ARG_REG)) &&
	       registers->r9 == sizeof(struct io_uring_getevents_arg);
}

static bool put_uring_time_left(pid_t tid, const struct user_regs_struct *registers, uint64_t waited,
                                unsigned long long room)
{
	struct io_uring_getevents_arg argument = {0};

	if (!has_uring_argument(registers) || !peek(tid, registers->r8, &argument, WORDS(argument)) || !argument.ts ||
	    !put_time_left(tid, argument.ts, waited, room))
		return false;
	argument.ts = room + offsetof(struct room, timeout);
	return poke(tid, room + offsetof(struct room, argument), &argument, WORDS(argument));
}

/* Shortens the time-out to what is left.  False: it stays as it is. */
static bool shorten(const struct restart *restart, pid_t tid, const struct target_map *stack, uint64_t waited,
                    struct user_regs_struct *registers)
{
	unsigned long long *argument = argument_of(registers, restart->call.argument);
	unsigned long long room = find_room(registers->rsp, stack);

	switch (restart->call.time) {
	case RESTART_MS:
		if ((int)*argument <= 0)
			return false;
		*argument = (unsigned)restart_left_ms((int)*argument, waited);
		return true;
	case RESTART_TIMESPEC:
		if (!*argument || !room || !put_time_left(tid, *argument, waited, room))
			return false;
		*argument = room + offsetof(struct room, timeout);
		return true;
	case RESTART_URING:
		if (!room || !put_uring_time_left(tid, registers, waited, room))
			return false;
		*argument = room + offsetof(struct room, argument);
		return true;
	default:
		return false;
	}
}

void restart_end(const struct restart *restart, pid_t tid, const struct target_map *stack)
{
	struct user_regs_struct registers;

	if (!restart->again || !get_registers(tid, &registers))
		return;
	uint64_t waited = restart->waited + (ring_clock_ns(CLOCK_MONOTONIC) - restart->stopped);
	if (shorten(restart, tid, stack, waited, &registers))
		set_registers(tid, &registers);
}

/* ---- the new call ------------------------------------------------------------------------------------- */

/* Calls that go on by restart_syscall are not among these: the kernel itself ends such a call with EINTR if a handler
 * has run before it. */
bool restart_is_due(struct restart *restart, pid_t tid)
{
	struct user_regs_struct registers;

	if (!get_registers(tid, &registers) || (long long)registers.orig_rax < 0)
		return false;
	long long result = (long long)registers.rax;
	restart->number = registers.orig_rax;
	restart->ip = registers.rip;
	restart->result = registers.rax;
	return result == -ERESTARTSYS || result == -ERESTARTNOHAND;
}

void restart_put_back(const struct restart *restart, pid_t tid)
{
	struct user_regs_struct registers;

	if (!get_registers(tid, &registers) || registers.rip != restart->ip - SYSCALL_BYTES ||
	    registers.rax != restart->number)
		return;
	registers.rip = restart->ip;
	registers.rax = restart->result;
	registers.orig_rax = restart->number;
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

bool restart_is_due(struct restart *restart, pid_t tid)
{
	(void)restart, (void)tid;
	return false;
}

void restart_put_back(const struct restart *restart, pid_t tid) { (void)restart, (void)tid; }

#endif
