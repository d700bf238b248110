#include "tools/live/command_signals.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAKEN_AT_ONCE 64
#define ANSWER_MS     1000 /* a witness that was stopped must not stop this process */

/* Signals that end a program without a handler come first. */
static const int passed_on[] = {SIGTERM, SIGHUP,   SIGINT, SIGQUIT, SIGUSR1,   SIGUSR2,
                                SIGALRM, SIGWINCH, SIGIO,  SIGPWR,  SIGVTALRM, SIGPROF};
#define ASK_TO_END 4

static uint64_t bit(int signal) { return UINT64_C(1) << (signal & 63); }

static void add_passed_on(sigset_t *set)
{
	for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
		sigaddset(set, passed_on[i]);
	for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
		sigaddset(set, signal);
}

static bool asks_to_end(int signal)
{
	for (size_t i = 0; i < ASK_TO_END; i++)
		if (passed_on[i] == signal)
			return true;
	return false;
}

/* ---- the witness ------------------------------------------------------------------------------ */

static uint64_t take_all(const sigset_t *all)
{
	uint64_t taken = 0;
	int signal;

	while ((signal = sigtimedwait(all, NULL, &(struct timespec){0, 0})) > 0 || errno == EINTR)
		if (signal > 0)
			taken |= bit(signal);
	return taken;
}

/* The witness keeps no descriptor of its parent, and does not outlive the parent. */
static _Noreturn void be_witness(int question, pid_t parent)
{
	sigset_t all;
	char asked;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(question, 0) < 0)
		_exit(0);
	syscall(SYS_close_range, 1, ~0u, 0);
	prctl(PR_SET_NAME, "ringtail-group");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	while (read(0, &asked, 1) == 1) {
		uint64_t taken = take_all(&all);
		if (write(0, &taken, sizeof taken) != (ssize_t)sizeof taken)
			break;
	}
	_exit(0);
}

/* All signals are blocked during the fork, so that those that come before the child is a witness count, too. */
static void start_witness(struct command_signals *signals)
{
	int ends[2];
	sigset_t all, now;
	pid_t self = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &now);
	pid_t child = fork();
	if (child == 0)
		be_witness(ends[1], self);
	sigprocmask(SIG_SETMASK, &now, NULL);
	close(ends[1]);
	signals->ask = ends[0];
	if (child > 0)
		signals->witness = child;
	else
		close(ends[0]);
}

static void end_witness(struct command_signals *signals)
{
	if (!signals->witness)
		return;
	close(signals->ask);
	kill(signals->witness, SIGKILL);
	waitpid(signals->witness, NULL, 0);
	signals->witness = 0;
}

/* Bit N is set if signal N was sent to the group. */
static uint64_t ask_witness(struct command_signals *signals)
{
	struct pollfd answer = {.fd = signals->ask, .events = POLLIN};
	uint64_t taken = 0;
	char question = 0;

	/* G2: the witness is in this group already, unless the group has changed */
	setpgid(signals->witness, getpgrp());
	if (send(signals->ask, &question, 1, MSG_NOSIGNAL) == 1 && poll(&answer, 1, ANSWER_MS) == 1 &&
	    read(signals->ask, &taken, sizeof taken) == (ssize_t)sizeof taken)
		return taken;
	end_witness(signals); /* it may have been killed; no witness is better than one whose answers come late */
	return 0;
}

/* ---- passing on --------------------------------------------------------------------------------- */

/* True if the signal has reached the command.  A command that has left this group or session gets no signal that is
 * sent to the group. */
static bool has_reached(const struct command_signals *signals, const struct signalfd_siginfo *info, uint64_t to_group,
                        pid_t command)
{
	bool from_terminal = info->ssi_code > 0 && (info->ssi_signo == SIGINT || info->ssi_signo == SIGQUIT);
	bool of_group = signals->witness ? (to_group & bit((int)info->ssi_signo)) != 0 : from_terminal;

	return of_group && getpgid(command) == getpgrp();
}

static void pass_on(const struct signalfd_siginfo *info, pid_t command)
{
	union sigval value = {.sival_ptr = (void *)(uintptr_t)info->ssi_ptr};

	if (info->ssi_code == SI_QUEUE)
		sigqueue(command, (int)info->ssi_signo, value);
	else
		kill(command, (int)info->ssi_signo);
}

/* Passes the signals on, except to a command that sent the signal itself, to its parent. */
static void pass_all_on(const struct command_signals *signals, const struct signalfd_siginfo *taken, size_t count,
                        uint64_t to_group, pid_t command)
{
	for (size_t i = 0; i < count; i++) {
		bool own = taken[i].ssi_code <= 0 && (pid_t)taken[i].ssi_pid == command;
		if (taken[i].ssi_signo != SIGCHLD && !own && !has_reached(signals, &taken[i], to_group, command))
			pass_on(&taken[i], command);
	}
}

/* ---- the collector's side ------------------------------------------------------------------------- */

void command_signals_begin(struct command_signals *signals)
{
	sigset_t ours;

	*signals = (struct command_signals){.fd = -1};
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	add_passed_on(&ours);
	sigprocmask(SIG_BLOCK, &ours, &signals->before);
	signals->fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	start_witness(signals);
}

bool command_signals_take(struct command_signals *signals, pid_t command)
{
	struct signalfd_siginfo taken[TAKEN_AT_ONCE];
	ssize_t bytes = read(signals->fd, taken, sizeof taken); /* G1 */
	size_t count = bytes > 0 ? (size_t)bytes / sizeof *taken : 0;
	uint64_t came = 0;
	bool end = false;

	for (size_t i = 0; i < count; i++) {
		if (taken[i].ssi_signo != SIGCHLD)
			came |= bit((int)taken[i].ssi_signo);
		end |= asks_to_end((int)taken[i].ssi_signo);
	}
	if (!came)
		return false;
	uint64_t answer = signals->witness ? ask_witness(signals) : 0;
	if (command)
		pass_all_on(signals, taken, count, answer | signals->carried, command);
	signals->carried = answer & ~came;
	return end;
}

void command_signals_end(struct command_signals *signals)
{
	sigset_t storing = signals->before;

	end_witness(signals);
	add_passed_on(&storing);
	if (!sigismember(&signals->before, SIGINT))
		sigdelset(&storing, SIGINT);
	if (!sigismember(&signals->before, SIGQUIT))
		sigdelset(&storing, SIGQUIT);
	sigprocmask(SIG_SETMASK, &storing, NULL);
}
