/*
 * Signal masks and the action of SIGTRAP, while data races are looked for: traps.h.  Without the option races each of
 * these calls goes straight on to libc.
 *
 * A child of vfork has masks and actions of its own, in its parent's memory.  No int3 is in it, so its calls go
 * straight on, too.
 */
#include <signal.h>
#include <string.h>

#include "shim/atomics.h"
#include "shim/boot.h"
#include "shim/hooks.h"
#include "shim/races.h"
#include "shim/sys.h"
#include "shim/traps.h"

#define TRAP_BIT (UINT64_C(1) << (SIGTRAP - 1))

static __thread bool blocked;    /* the program has blocked SIGTRAP in this thread */
static bool programs;            /* the program handles or ignores SIGTRAP */
static uint64_t masks;           /* bit N: the program's action of signal N + 1 has SIGTRAP in its mask */
static uint32_t child_with_mask; /* the last child of vfork that has set its mask */

/* True if SIGTRAP is kept unblocked in this process. */
static bool is_kept(void)
{
	if (!boot_under_way())
		boot();
	return unlikely(options.races) && (process_is_ours() || process_is_fresh_child());
}

/* A program that handles SIGTRAP is not traced, and its masks are its own. */
static bool is_unblocked(void) { return is_kept() && !load_relaxed(&programs); }

static bool has_trap(const sigset_t *set) { return sigismember(set, SIGTRAP) == 1; }

static const sigset_t *without_trap(const sigset_t *set, sigset_t *room)
{
	*room = *set;
	sigdelset(room, SIGTRAP);
	return room;
}

/* ---- masks ------------------------------------------------------------------------------------- */

bool traps_are_blocked(void) { return blocked; }

static void change_trap(int how)
{
	uint64_t trap = TRAP_BIT;
	sys_call6(SYS_rt_sigprocmask, how, (long)&trap, 0, sizeof trap, 0, 0);
}

void traps_begin_thread(bool inherited)
{
	uint64_t trap = TRAP_BIT, before = 0;
	if (!options.races)
		return;
	sys_call6(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&trap, (long)&before, sizeof trap, 0, 0);
	blocked = inherited || (before & trap);
}

/* A child of vfork that has set its mask has what it wants. */
void traps_before_program(void)
{
	if (blocked && (is_kept() || load_relaxed(&child_with_mask) != (uint32_t)sys_getpid()))
		change_trap(SIG_BLOCK);
}

void traps_after_program(void)
{
	if (blocked && is_kept())
		change_trap(SIG_UNBLOCK);
}

typedef int (*mask_call)(int how, const sigset_t *set, sigset_t *old);

static int pass_mask(int how, const sigset_t *set, sigset_t *old, mask_call call)
{
	if (options.races && set)
		store_relaxed(&child_with_mask, (uint32_t)sys_getpid());
	return call(how, set, old);
}

/* libc reads the set before it makes the call, and so may this. */
static int set_mask(int how, const sigset_t *set, sigset_t *old, mask_call call)
{
	sigset_t room;
	bool before = blocked, has = set && has_trap(set);
	const sigset_t *wanted = has && how != SIG_UNBLOCK ? without_trap(set, &room) : set;
	int error = call(how, wanted, old);
	if (error)
		return error;
	if (set && how == SIG_SETMASK)
		blocked = has;
	else if (has)
		blocked = how == SIG_BLOCK;
	if (old && before)
		sigaddset(old, SIGTRAP);
	return 0;
}

static int own_mask(int how, const sigset_t *set, sigset_t *old, mask_call call)
{
	return is_unblocked() ? set_mask(how, set, old, call) : pass_mask(how, set, old, call);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old) { return own_mask(how, set, old, real.sigprocmask); }
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return own_mask(how, set, old, real.pthread_sigmask);
}

/* Returns whether it was blocked. */
static bool hold_trap(int how)
{
	sigset_t trap, old;
	sigemptyset(&trap);
	sigaddset(&trap, SIGTRAP);
	own_mask(how, &trap, &old, real.sigprocmask);
	return has_trap(&old);
}

/* BSD's masks are of the first 32 signals. */
#define TRAP_IN_WORD ((int)TRAP_BIT)

int sigblock(int mask)
{
	if (!is_unblocked())
		return real.sigblock(mask);
	int before = real.sigblock(mask & ~TRAP_IN_WORD) | (blocked ? TRAP_IN_WORD : 0);
	blocked |= (mask & TRAP_IN_WORD) != 0;
	return before;
}

int sigsetmask(int mask)
{
	if (!is_unblocked())
		return real.sigsetmask(mask);
	int before = real.sigsetmask(mask & ~TRAP_IN_WORD) | (blocked ? TRAP_IN_WORD : 0);
	blocked = (mask & TRAP_IN_WORD) != 0;
	return before;
}

int sighold(int number)
{
	if (!is_kept() || number != SIGTRAP)
		return real.sighold(number);
	hold_trap(SIG_BLOCK);
	return 0;
}

int sigrelse(int number)
{
	if (!is_kept() || number != SIGTRAP)
		return real.sigrelse(number);
	hold_trap(SIG_UNBLOCK);
	return 0;
}

/* The mask of a call that waits, in which handlers run.  The kernel reads it, so it may be anywhere. */
static const sigset_t *of_wait(const sigset_t *set, sigset_t *room)
{
	if (!set || !is_unblocked() || sys_peek(set, room, sizeof(uint64_t)) != (long)sizeof(uint64_t) ||
	    !has_trap(room))
		return set;
	sigdelset(room, SIGTRAP);
	return room;
}

int sigsuspend(const sigset_t *set)
{
	sigset_t room;
	return real.sigsuspend(of_wait(set, &room));
}

int pselect(int count, fd_set *in, fd_set *out, fd_set *other, const struct timespec *t, const sigset_t *set)
{
	sigset_t room;
	return real.pselect(count, in, out, other, t, of_wait(set, &room));
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *t, const sigset_t *set)
{
	sigset_t room;
	return real.ppoll(fds, count, t, of_wait(set, &room));
}

int epoll_pwait(int fd, struct epoll_event *events, int most, int ms, const sigset_t *set)
{
	sigset_t room;
	return real.epoll_pwait(fd, events, most, ms, of_wait(set, &room));
}

/* ---- actions -------------------------------------------------------------------------------------- */

bool traps_are_programs(void) { return load_relaxed(&programs); }

static void note_mask(int number, bool has)
{
	uint64_t bit = UINT64_C(1) << (number - 1), all = load_relaxed(&masks);
	store_relaxed(&masks, has ? all | bit : all & ~bit);
}

static bool noted_mask(int number) { return load_relaxed(&masks) >> (number - 1) & 1; }

/* The action of SIGTRAP as the program has set it: one that it has not set is the tracer's. */
static int get_trap(struct sigaction *action, bool *tracers)
{
	int error = real.sigaction(SIGTRAP, NULL, action);
	*tracers = !error && !traps_are_programs() && action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
	if (*tracers)
		*action = (struct sigaction){.sa_handler = SIG_DFL};
	return error;
}

/* The tracer's handler does what the default action would. */
static int put_trap(const struct sigaction *action, bool tracers)
{
	bool own = action->sa_handler != SIG_DFL;
	if (own) {
		races_end(RT_RACES_END_TRAP);
		traps_before_program(); /* the mask is the program's own from here on */
		blocked = false;
	}
	int error = own || !tracers ? real.sigaction(SIGTRAP, action, NULL) : 0;
	if (!error)
		store_relaxed(&programs, own);
	return error;
}

static int set_trap(const struct sigaction *action, struct sigaction *old)
{
	struct sigaction before, wanted;
	bool tracers;
	if (action)
		wanted = *action;
	int error = get_trap(&before, &tracers);
	if (!error && action)
		error = put_trap(&wanted, tracers);
	if (!error && old)
		*old = before;
	return error;
}

static int set_action(int number, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction wanted;
	bool had = noted_mask(number), has = action && is_unblocked() && has_trap(&action->sa_mask);
	if (has) {
		wanted = *action;
		sigdelset(&wanted.sa_mask, SIGTRAP);
		action = &wanted;
	}
	int error = real.sigaction(number, action, old);
	if (error)
		return error;
	if (action && has != had)
		note_mask(number, has);
	if (old && had)
		sigaddset(&old->sa_mask, SIGTRAP);
	return 0;
}

static bool is_signal(int number) { return number > 0 && number <= 64; }

int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	if (!is_kept() || !is_signal(number))
		return real.sigaction(number, action, old);
	return number == SIGTRAP ? set_trap(action, old) : set_action(number, action, old);
}

/* signal() and its kin for SIGTRAP: returns the handler before, or SIG_ERR. */
static sighandler_t set_trap_handler(sighandler_t handler, int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, old;
	return set_trap(&action, &old) ? SIG_ERR : old.sa_handler;
}

/* These set an empty mask, or one of the signal alone. */
#define SIGNAL(name, flags)                                                                                            \
	if (!is_kept() || !is_signal(number))                                                                          \
		return real.name(number, handler);                                                                     \
	if (number == SIGTRAP && handler != SIG_ERR)                                                                   \
		return set_trap_handler(handler, flags);                                                               \
	sighandler_t before = real.name(number, handler);                                                              \
	if (before != SIG_ERR && noted_mask(number))                                                                   \
		note_mask(number, false);                                                                              \
	return before;

sighandler_t signal(int number, sighandler_t handler){SIGNAL(signal, SA_RESTART)} sighandler_t
    ssignal(int number, sighandler_t handler){SIGNAL(ssignal, SA_RESTART)} sighandler_t
    bsd_signal(int number, sighandler_t handler){SIGNAL(bsd_signal, SA_RESTART)} sighandler_t
    sysv_signal(int number, sighandler_t handler){SIGNAL(sysv_signal, (int)SA_RESETHAND | SA_NODEFER)} sighandler_t
    __sysv_signal(int number, sighandler_t handler)
{
	SIGNAL(__sysv_signal, (int)SA_RESETHAND | SA_NODEFER)
}

static sighandler_t set_trap_or_hold(sighandler_t handler)
{
	struct sigaction action = {.sa_handler = handler}, old;
	bool hold = handler == SIG_HOLD;
	if (handler == SIG_ERR || set_trap(hold ? NULL : &action, &old))
		return real.sigset(SIGTRAP, SIG_ERR);
	return hold_trap(hold ? SIG_BLOCK : SIG_UNBLOCK) ? SIG_HOLD : old.sa_handler;
}

sighandler_t sigset(int number, sighandler_t handler)
{
	if (!is_kept() || !is_signal(number))
		return real.sigset(number, handler);
	if (number == SIGTRAP)
		return set_trap_or_hold(handler);
	sighandler_t before = real.sigset(number, handler);
	if (before != SIG_ERR && handler != SIG_HOLD && noted_mask(number))
		note_mask(number, false);
	return before;
}

int sigignore(int number)
{
	if (!is_kept() || number != SIGTRAP)
		return real.sigignore(number);
	return set_trap_handler(SIG_IGN, 0) == SIG_ERR ? -1 : 0;
}
