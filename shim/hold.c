#include "shim/hold.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>

#include "shim/process.h"
#include "shim/ring.h"
#include "shim/sys.h"

#define SIGNALS    64
#define SIG_SETXID 33 /* glibc's, by which setuid and others reach all threads; 32 is for cancellation */
#define KEPT_MOST  32

struct action { /* in the kernel's layout: the handler comes first */
	uint64_t handler, flags, others[6];
};

static struct {
	enum hold what;
	uint64_t mask; /* before */
	uint32_t ignoring;
	uint64_t ignored; /* bit N: the shim has set the disposition of signal N + 1 */
	struct action before[SIGNALS];
} held;

/* Taken before an exec, for the program that it starts. */
static struct {
	unsigned count;
	int pipe; /* the end of the pipe that exec closes */
	siginfo_t signals[KEPT_MOST];
} kept;

static uint64_t bit(int signal) { return UINT64_C(1) << (signal - 1); }

/* ---- dispositions (H2) ---------------------------------------------------------------------- */

static bool get_action(int signal, struct action *action)
{
	return sys_call6(SYS_rt_sigaction, signal, 0, (long)action, sizeof(uint64_t), 0, 0) == 0;
}

static bool set_action(int signal, const struct action *action)
{
	return sys_call6(SYS_rt_sigaction, signal, (long)action, 0, sizeof(uint64_t), 0, 0) == 0;
}

static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGTRAP ||
	       signal == SIGSYS;
}

/* True for signals whose default action is to do nothing.  Ignoring SIGCHLD would also take children away from a thread
 * that waits for them. */
static bool is_harmless(int signal)
{
	return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
}

static bool controls_from_outside(int signal)
{
	static const int controls[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,   SIGALRM, SIGTSTP,  SIGTTIN, SIGTTOU,
	                               SIGCHLD, SIGCONT, SIGPIPE, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO};

	for (unsigned i = 0; i < sizeof controls / sizeof *controls; i++)
		if (controls[i] == signal)
			return true;
	return false;
}

static bool is_left_alone(int signal, const struct action *action)
{
	if (is_fault(signal) || action->handler == (uintptr_t)SIG_IGN)
		return true;
	return action->handler == (uintptr_t)SIG_DFL ? is_harmless(signal) : !controls_from_outside(signal);
}

static void ignore(int signal)
{
	struct action *before = &held.before[signal - 1];
	struct action ours = {.handler = (uintptr_t)(is_harmless(signal) ? SIG_DFL : SIG_IGN)};

	if (get_action(signal, before) && !is_left_alone(signal, before) && set_action(signal, &ours))
		held.ignored |= bit(signal);
}

static void ignore_all(void)
{
	held.ignored = 0;
	store_release(&held.ignoring, 1);
	for (int signal = 1; signal <= SIGNALS; signal++)
		if (signal != SIGKILL && signal != SIGSTOP && signal != SIG_SETXID - 1 && signal != SIG_SETXID)
			ignore(signal);
}

/* Restores the dispositions.  If a thread of the program has set one meanwhile, that one stays. */
static void give_back(void)
{
	struct action now;

	for (int signal = 1; signal <= SIGNALS; signal++)
		if ((held.ignored & bit(signal)) && get_action(signal, &now) && now.handler <= (uintptr_t)SIG_IGN)
			set_action(signal, &held.before[signal - 1]);
	store_release(&held.ignoring, 0);
}

/* The directory of threads has a link for each thread, and two more. */
static bool has_other_threads(void)
{
	struct stat tasks;

	if (sys_call6(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/task", (long)&tasks, 0, 0, 0) < 0)
		return ring_threaded;
	return tasks.st_nlink != 3;
}

/* ---- what has come ---------------------------------------------------------------------------- */

/* Takes one pending signal of the set; 0: there is none. */
static int take(uint64_t set, siginfo_t *info)
{
	struct timespec none = {0, 0};
	long signal;

	do
		signal = sys_call6(SYS_rt_sigtimedwait, (long)&set, (long)info, (long)&none, sizeof set, 0, 0);
	while (signal == -EINTR);
	return signal > 0 ? (int)signal : 0;
}

static void queue_again(siginfo_t *info)
{
	if (info->si_code == SI_TKILL)
		sys_call6(SYS_rt_tgsigqueueinfo, sys_getpid(), sys_gettid(), info->si_signo, (long)info, 0, 0);
	else
		sys_call3(SYS_rt_sigqueueinfo, sys_getpid(), info->si_signo, info);
}

/* Takes all pending signals.  Puts those that a thread of this process sent to this thread into own[], and returns
 * their number. */
static unsigned forget_all(siginfo_t *own, unsigned room)
{
	unsigned count = 0;
	siginfo_t info;

	while (count < room && take(~held.mask, &info))
		if (info.si_code == SI_TKILL && info.si_pid == sys_getpid())
			own[count++] = info;
	return count;
}

/* (H3) */
static void end_over(void)
{
	siginfo_t own[4];
	unsigned count = forget_all(own, sizeof own / sizeof *own);

	if (held.ignoring)
		give_back();
	while (count--)
		queue_again(&own[count]);
	sys_let_signals(&held.mask);
}

/* ---- exec (H4) ---------------------------------------------------------------------------------- */

static uint64_t handled_signals(void)
{
	uint64_t handled = 0;
	struct action action;

	for (int signal = 1; signal <= SIGNALS; signal++)
		if (get_action(signal, &action) && action.handler > (uintptr_t)SIG_IGN)
			handled |= bit(signal);
	return handled;
}

static _Noreturn void leave(int status)
{
	for (;;)
		sys_call3(SYS_exit_group, status, 0, 0);
}

/* No process may send a signal as the kernel or another process's kill sent it: these are sent by kill. */
static void send(int program, siginfo_t *info)
{
	if (sys_call6(SYS_pidfd_send_signal, program, info->si_signo, (long)info, 0, 0, 0) < 0)
		sys_call6(SYS_pidfd_send_signal, program, info->si_signo, 0, 0, 0, 0);
}

static void close_all_but(unsigned low, unsigned high)
{
	if (low)
		sys_call3(SYS_close_range, 0, low - 1, 0);
	if (high - low > 1)
		sys_call3(SYS_close_range, low + 1, high - 1, 0);
	sys_call3(SYS_close_range, high + 1, ~0u, 0);
}

/* No descriptor of the program stays open here. */
static _Noreturn void be_sender(int pipe, int program)
{
	char failed;
	long got;

	close_all_but((unsigned)(pipe < program ? pipe : program), (unsigned)(pipe < program ? program : pipe));
	do
		got = sys_read(pipe, &failed, 1);
	while (got == -EINTR);
	for (unsigned i = 0; got == 0 && i < kept.count; i++)
		send(program, &kept.signals[i]);
	leave(0);
}

static long fork_quietly(unsigned long exit_signal)
{
	return sys_call6(SYS_clone, (long)(exit_signal | CLONE_UNTRACED), 0, 0, 0, 0, 0);
}

static bool start_sender(int pipe, int program)
{
	int status = 0;
	long between = fork_quietly(0), waited;

	if (between == 0) {
		long sender = fork_quietly(SIGCHLD);
		if (sender == 0)
			be_sender(pipe, program);
		leave(sender < 0);
	}
	do
		waited = between < 0 ? between : sys_call6(SYS_wait4, between, (long)&status, __WCLONE, 0, 0, 0);
	while (waited == -EINTR);
	return waited == between && between > 0 && !status;
}

static bool send_by_child(void)
{
	int pipe[2];
	long program = sys_call3(SYS_pidfd_open, sys_getpid(), 0, 0);
	bool good = false;

	if (program < 0)
		return false;
	if (sys_call3(SYS_pipe2, pipe, O_CLOEXEC, 0) == 0) {
		good = start_sender(pipe[0], (int)program);
		sys_close(pipe[0]);
		if (good)
			kept.pipe = pipe[1];
		else
			sys_close(pipe[1]);
	}
	sys_close((int)program);
	return good;
}

static void queue_kept_again(void)
{
	for (unsigned i = 0; i < kept.count; i++)
		queue_again(&kept.signals[i]);
	kept.count = 0;
}

static void exec_over(void)
{
	uint64_t wanted = handled_signals() & ~held.mask;

	while (kept.count < KEPT_MOST && take(wanted, &kept.signals[kept.count]))
		kept.count++;
	if (kept.count && !send_by_child())
		queue_kept_again();
	sys_let_signals(&held.mask);
}

void hold_exec_failed(void)
{
	char failed = 1;

	if (!kept.count)
		return;
	sys_write(kept.pipe, &failed, 1);
	sys_close(kept.pipe);
	queue_kept_again();
}

/* ---- the hold -------------------------------------------------------------------------------------- */

void hold_begin(enum hold what)
{
	uint64_t all = ~bit(SIG_SETXID), before;

	sys_call6(SYS_rt_sigprocmask, SIG_BLOCK, (long)&all, (long)&before, sizeof all, 0, 0); /* H1 */
	held.what = what;
	held.mask = before;
	kept.count = 0;
	if (what == HOLD_END && has_other_threads())
		ignore_all();
}

void hold_over(void)
{
	if (held.what == HOLD_END)
		end_over();
	else
		exec_over();
}

void hold_forked(void)
{
	if (load_acquire(&held.ignoring))
		give_back();
}

void hold_write(int fd, const void *from, size_t bytes)
{
	uint64_t before, pending = 0;
	siginfo_t info;

	if (sys_restricted) { /* only a write is allowed */
		sys_write(fd, from, bytes);
		return;
	}
	sys_hold_signals(&before);
	sys_call6(SYS_rt_sigpending, (long)&pending, sizeof pending, 0, 0, 0, 0);
	if (sys_write(fd, from, bytes) == -EPIPE && !(pending & bit(SIGPIPE)))
		take(bit(SIGPIPE), &info);
	sys_let_signals(&before);
}
