/*
 * Programs that a tracer of threads could harm.  Each does the same with and without one, and prints what it has done.
 *
 *   traced_shapes SHAPE
 *
 * Status 0 is good, unless the shape ends in another way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "traced_workers.h"

extern char **environ;
extern const char __executable_start[], etext[];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long work[64];
static char *self;

/* Touches shared memory, and leaves it as it was. */
static long busy(long rounds)
{
	long sum = 0;

	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		for (int k = 0; k < 64; k++)
			work[k]++;
		for (int k = 0; k < 64; k++)
			sum += work[k]--;
		pthread_mutex_unlock(&lock);
	}
	return sum;
}

static void work_once(void) { busy(1); }

static int end(void)
{
	end_workers();
	for (int k = 0; k < 64; k++)
		if (work[k])
			return 1;
	return 0;
}

static int child_status(pid_t child)
{
	int status = -1;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* ---- other processes ------------------------------------------------------------------------- */

static void hold_lock(void) { pthread_mutex_lock(&lock); }
static void drop_lock(void) { pthread_mutex_unlock(&lock); }

static int forks(void)
{
	int bad = 0;

	pthread_atfork(hold_lock, drop_lock, drop_lock);
	begin();
	for (int i = 0; i < 40; i++) {
		pid_t child = fork();
		if (!child)
			_exit(busy(50) != 50 * 64);
		bad += child_status(child) != 0;
	}
	printf("%d of 40 children failed\n", bad);
	return end();
}

/* A child whose threads would be traced if it were. */
static int forks_with_threads(void)
{
	int bad = 0;

	pthread_atfork(hold_lock, drop_lock, drop_lock);
	begin();
	for (int i = 0; i < 5; i++) {
		pid_t child = fork();
		if (!child) {
			begin();
			busy(20);
			_exit(end());
		}
		bad += child_status(child) != 0;
	}
	printf("%d of 5 children failed\n", bad);
	return end();
}

static int spawns(void)
{
	char *arguments[] = {self, "nothing", NULL};
	int bad = 0;
	pid_t child;

	begin();
	for (int i = 0; i < 40; i++)
		if (i % 2) {
			bad += posix_spawn(&child, self, NULL, NULL, arguments, environ) || child_status(child) != 0;
		} else {
			child = vfork();
			if (!child) {
				work[63] += 0; /* of the parent's memory, by the parent's code */
				execv(self, arguments);
				_exit(9);
			}
			bad += child_status(child) != 0;
		}
	printf("%d of 40 children failed\n", bad);
	return end();
}

static void *exec_again(void *unused)
{
	busy(20);
	execl(self, self, "forks", NULL);
	return NULL;
}

static int execs(void)
{
	pthread_t thread;

	begin();
	pthread_create(&thread, NULL, exec_again, NULL);
	pthread_join(thread, NULL);
	return 1;
}

/* A process that traces its child. */
static int traces(void)
{
	begin();
	pid_t child = fork();
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		raise(SIGSTOP);
		_exit(5);
	}
	int status = child_status(child);
	bool stopped = WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
	ptrace(PTRACE_CONT, child, NULL, NULL);
	status = child_status(child);
	printf("stopped %d, status %d\n", stopped, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return end();
}

/* ---- signals ------------------------------------------------------------------------------------ */

static atomic_int came, strange;

static bool is_of_program(const ucontext_t *context)
{
#ifdef __x86_64__
	uintptr_t rip = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];

	/* the program, or a library; nothing lies below the program */
	return rip >= (uintptr_t)__executable_start;
#else
	return true;
#endif
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	atomic_fetch_add(&came, 1);
	if (info->si_code != SI_QUEUE || info->si_value.sival_int != 4711 || info->si_pid != getpid() ||
	    !is_of_program(context))
		atomic_fetch_add(&strange, 1);
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static int signals(void)
{
	handle(SIGRTMIN + 3, on_signal); /* each one that is sent comes */
	begin();
	for (int i = 0; i < 300; i++) {
		pthread_sigqueue(workers[i % WORKERS], SIGRTMIN + 3, (union sigval){.sival_int = 4711});
		busy(2);
	}
	int bad = end();
	printf("%d came, %d strange\n", came, strange);
	return bad;
}

static sigjmp_buf back;
static volatile int *nowhere = (int *)64;
static atomic_int faults, wrong_faults;

static void on_fault(int number, siginfo_t *info, void *context)
{
	atomic_fetch_add(&faults, 1);
	if (info->si_addr != (void *)64 || !is_of_program(context) || info->si_code != SEGV_MAPERR)
		atomic_fetch_add(&wrong_faults, 1);
	siglongjmp(back, 1);
}

static int faulting(void)
{
	handle(SIGSEGV, on_fault);
	begin();
	for (volatile int i = 0; i < 100; i++)
		if (!sigsetjmp(back, 1))
			(*nowhere)++;
	printf("%d faults, %d wrong\n", faults, wrong_faults);
	return end();
}

static void *work_blocked(void *unused)
{
	sigset_t all, now;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	for (int i = 0; i < 200; i++) {
		busy(1);
		pthread_sigmask(SIG_SETMASK, NULL, &now);
		if (!sigismember(&now, SIGTRAP) || !sigismember(&now, SIGUSR2))
			atomic_fetch_add(&strange, 1);
	}
	return NULL;
}

static int blocks(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, work_blocked, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%d strange\n", strange);
	return 0;
}

static atomic_int traps;
static void on_trap(int number, siginfo_t *info, void *context) { atomic_fetch_add(&traps, 1); }

static int handles_trap(void)
{
	handle(SIGTRAP, on_trap);
	begin();
	for (int i = 0; i < 10; i++) {
#ifdef __x86_64__
		__asm__ volatile("int3");
#else
		raise(SIGTRAP);
#endif
		busy(5);
	}
	printf("%d traps\n", traps);
	return end();
}

static int own_int3(void)
{
	begin();
	busy(50);
#ifdef __x86_64__
	__asm__ volatile("int3");
#else
	raise(SIGTRAP);
#endif
	return end();
}

static int raises_trap(void)
{
	begin();
	busy(50);
	raise(SIGTRAP);
	return end();
}

/* ---- ends ------------------------------------------------------------------------------------------- */

static int exits(void)
{
	begin();
	busy(50);
	_exit(7);
}

static int killed(void)
{
	begin();
	busy(50);
	return raise(SIGKILL);
}

static void *exit_late(void *unused)
{
	busy(50);
	exit(end() ? 1 : 3);
}

static int main_ends(void)
{
	pthread_t thread;

	begin();
	pthread_create(&thread, NULL, exit_late, NULL);
	pthread_exit(NULL);
}

/* ---- threads ------------------------------------------------------------------------------------------- */

static void *work_little(void *unused)
{
	busy(1);
	return NULL;
}

static int many(void)
{
	pthread_t threads[300];
	pthread_attr_t attributes;
	int made = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (int i = 0; i < 300; i++)
		made += !pthread_create(&threads[i], &attributes, work_little, NULL);
	for (int i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	printf("%d threads\n", made);
	return 0;
}

/* Runs on until it is told to stop: by the end of its input. */
static int waits(void)
{
	char nothing;

	begin();
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &nothing, 1) > 0)
		;
	return end();
}

/* Dies if it maps memory that can be executed, as sandboxes have it. */
static int filtered(void)
{
	struct sock_filter rules[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof rules / sizeof *rules, rules};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 1;
	begin();
	busy(50);
	return end();
}

/* As programs do that start others with clean signals. */
static int resets_actions(void)
{
	begin();
	busy(20);
	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	busy(200);
	int bad = end();
	raise(SIGTRAP);
	return bad;
}

static int nothing(void) { return 0; }

static const struct {
	const char *name;
	int (*run)(void);
} shapes[] = {
    {"forks", forks},
    {"forks_with_threads", forks_with_threads},
    {"spawns", spawns},
    {"execs", execs},
    {"traces", traces},
    {"signals", signals},
    {"faulting", faulting},
    {"blocks", blocks},
    {"handles_trap", handles_trap},
    {"own_int3", own_int3},
    {"raises_trap", raises_trap},
    {"exits", exits},
    {"killed", killed},
    {"main_ends", main_ends},
    {"many", many},
    {"filtered", filtered},
    {"resets_actions", resets_actions},
    {"waits", waits},
    {"nothing", nothing},
};

int main(int argc, char **argv)
{
	self = argv[0];
	for (size_t i = 0; argc > 1 && i < sizeof shapes / sizeof *shapes; i++)
		if (!strcmp(argv[1], shapes[i].name))
			return shapes[i].run();
	return 2;
}
