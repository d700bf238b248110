/*
 * A signal that comes while a stopped thread is let go interrupts the thread's system call, as if there had been no
 * stop.  The signal comes a few microseconds later in each round: also between the kernel's decision to restart the
 * call and the call.
 */
#include "tools/target/target.h" /* first: sys/mman.h has a MAP_FILE of its own */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/clock.h"
#include "tools/base/proc.h"

TestSuite(resume);

#define ROUNDS        200u
#define WITHIN        UINT64_C(10000000000) /* ns, for what happens at once */
#define SYSCALL_BYTES 2                     /* of the instruction, on x86-64 */
#define UNKNOWN       (-1)

struct counts {
	atomic_uint begun, handled, interrupted, others;
	int result, error; /* of the last of the others */
};

static struct counts *counts;

/* ---- the program that is stopped ---------------------------------------------------------------- */

static void count_signal(int signal)
{
	(void)signal;
	counts->handled++;
}

static int epoll_wait_call(void)
{
	static int epoll;
	struct epoll_event event;

	epoll = epoll ? epoll : epoll_create1(0);
	return epoll_wait(epoll, &event, 1, -1);
}

static int epoll_wait_with_time_call(void)
{
	static int epoll;
	struct epoll_event event;

	epoll = epoll ? epoll : epoll_create1(0);
	return epoll_wait(epoll, &event, 1, 600000);
}

static int pause_call(void) { return pause(); }

static int pipe_call(void)
{
	static int ends[2];
	char byte;

	return ends[1] || pipe(ends) == 0 ? (int)read(ends[0], &byte, 1) : UNKNOWN;
}

static int sigtimedwait_call(void)
{
	sigset_t none;

	sigemptyset(&none);
	return sigtimedwait(&none, NULL, NULL);
}

static int semop_call(void)
{
	static int queue = -1;
	struct sembuf take = {.sem_op = -1};

	if (queue < 0)
		queue = semget(IPC_PRIVATE, 1, 0600);
	return semop(queue, &take, 1);
}

static int timed_recv_call(void)
{
	static int ends[2];
	char byte;

	if (!ends[1] &&
	    (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
	     setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){600, 0}, sizeof(struct timeval))))
		return UNKNOWN;
	return (int)recv(ends[0], &byte, 1, 0);
}

static int nanosleep_call(void) { return (int)nanosleep(&(struct timespec){600, 0}, NULL); }

static _Noreturn void be_program(int (*call)(void))
{
	struct sigaction action = {.sa_handler = count_signal};

	sigaction(SIGUSR1, &action, NULL);
	for (;;) {
		counts->begun++;
		int result = call();
		if (result < 0 && errno == EINTR) {
			counts->interrupted++;
		} else {
			counts->result = result;
			counts->error = errno;
			counts->others++;
		}
	}
}

/* ---- the rounds ------------------------------------------------------------------------------------ */

struct round {
	pid_t pid;
	unsigned number;
	atomic_bool resumes;
	bool good;
};

static void spin_ns(uint64_t ns)
{
	for (uint64_t until = ring_clock_ns(CLOCK_MONOTONIC) + ns; ring_clock_ns(CLOCK_MONOTONIC) < until;)
		;
}

static void *send_signal(void *argument)
{
	struct round *round = argument;

	while (!round->resumes)
		;
	spin_ns((uint64_t)round->number * 300);
	kill(round->pid, SIGUSR1);
	return NULL;
}

static void stop_and_resume(void *argument)
{
	struct round *round = argument;
	struct target target;
	char why[TARGET_WHY_BYTES] = "";

	round->good = target_stop(&target, round->pid, why);
	round->resumes = true;
	target_resume(&target);
	target_free(&target);
}

static bool sleeps(pid_t pid)
{
	struct process_stat stat;

	return process_stat(pid, 0, &stat) && stat.state == 'S';
}

/* True once it waits in its call number `calls`. */
static bool await_call(pid_t pid, unsigned calls)
{
	uint64_t until = ring_clock_ns(CLOCK_MONOTONIC) + WITHIN;

	while (counts->begun != calls || !sleeps(pid))
		if (ring_clock_ns(CLOCK_MONOTONIC) > until)
			return false;
	return true;
}

static pid_t start_program(int (*call)(void))
{
	counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq((void *)counts, MAP_FAILED);
	pid_t pid = fork();
	if (!pid)
		be_program(call);
	return pid;
}

static void expect_interrupted(int (*call)(void))
{
	pid_t pid = start_program(call);
	bool waits = await_call(pid, 1);
	for (unsigned i = 0; i < ROUNDS && waits; i++) {
		struct round round = {.pid = pid, .number = i};
		pthread_t sender;
		pthread_create(&sender, NULL, send_signal, &round);
		target_in_thread(stop_and_resume, &round);
		pthread_join(sender, NULL);
		waits = await_call(pid, i + 2);
		cr_expect(round.good, "round %u: it could not be stopped", i);
	}
	cr_expect(waits, "%u signals were handled, and %u calls interrupted", counts->handled, counts->interrupted);
	cr_expect_eq(counts->others, 0, "%u calls returned %d, errno %d", counts->others, counts->result,
	             counts->error);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- at the instruction ----------------------------------------------------------------------------- */

/* The instruction of the call that the sleeping program waits in; 0: not known. */
static uint64_t call_instruction(pid_t pid)
{
	char path[64], text[256] = "";

	snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
	FILE *file = fopen(path, "r");
	bool read = file && fgets(text, sizeof text, file);
	if (file)
		fclose(file);
	const char *last = read ? strrchr(text, ' ') : NULL;
	return last ? strtoull(last, NULL, 16) - SYSCALL_BYTES : 0;
}

/* A breakpoint of the kernel's own, which takes no tracer: the program gets SIGUSR1 there.  -1: there is none. */
static int signal_at(pid_t pid, uint64_t address)
{
	struct perf_event_attr attributes = {.type = PERF_TYPE_BREAKPOINT,
	                                     .size = sizeof attributes,
	                                     .bp_type = HW_BREAKPOINT_X,
	                                     .bp_addr = address,
	                                     .bp_len = sizeof(long),
	                                     .sample_period = 1,
	                                     .wakeup_events = 1,
	                                     .exclude_kernel = 1};
	struct f_owner_ex owner = {F_OWNER_TID, pid};
	int fd = (int)syscall(SYS_perf_event_open, &attributes, pid, -1, -1, 0);

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETSIG, SIGUSR1);
	fcntl(fd, F_SETOWN_EX, &owner);
	fcntl(fd, F_SETFL, O_ASYNC);
	ioctl(fd, PERF_EVENT_IOC_REFRESH, 1);
	return fd;
}

/* The signal comes after the kernel's decision to restart the call, and before the call. */
static void expect_interrupted_at_the_call(int (*call)(void))
{
	pid_t pid = start_program(call);
	struct round round = {.pid = pid};
	bool waits = await_call(pid, 1);
	int event = signal_at(pid, call_instruction(pid));

	if (event >= 0) {
		target_in_thread(stop_and_resume, &round);
		cr_expect(await_call(pid, 2), "%u signals were handled, and %u calls interrupted", counts->handled,
		          counts->interrupted);
		cr_expect_eq(counts->handled, 1, "%u signals were handled", counts->handled);
	}
	cr_expect(waits);
	close(event);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (event < 0)
		cr_skip_test("the kernel gives no breakpoints");
}

#if defined(__x86_64__)
#define AT_THE_CALL(name)                                                                                              \
	Test(resume, name##_at_the_call) { expect_interrupted_at_the_call(name##_call); }
#else
#define AT_THE_CALL(name)
#endif
#define INTERRUPTED(name)                                                                                              \
	Test(resume, name) { expect_interrupted(name##_call); }                                                        \
	AT_THE_CALL(name)
INTERRUPTED(epoll_wait)
INTERRUPTED(epoll_wait_with_time)
INTERRUPTED(pause)
INTERRUPTED(pipe)
INTERRUPTED(sigtimedwait)
INTERRUPTED(semop)
INTERRUPTED(timed_recv)
INTERRUPTED(nanosleep)
