/* every_call: signal masks and actions.  With the option races, SIGTRAP is not blocked in fact, and no call shows it.
 */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

sighandler_t bsd_signal(int number, sighandler_t handler); /* its header has it for old standards alone */

#define bit(number) (1 << ((number)-1))

static volatile sig_atomic_t caught;

static void note_signal(int number) { caught = number; }

static const char *handler_name(sighandler_t handler)
{
	return handler == SIG_DFL       ? "SIG_DFL"
	       : handler == SIG_IGN     ? "SIG_IGN"
	       : handler == SIG_ERR     ? "SIG_ERR"
	       : handler == SIG_HOLD    ? "SIG_HOLD"
	       : handler == note_signal ? "note_signal"
	                                : "another";
}

#define returns_handler(call) say("%s = %s\n", #call, handler_name(call))

/* Prints which of these signals are in the set. */
static void say_set(const char *what, const sigset_t *set)
{
	const int numbers[] = {SIGTRAP, SIGUSR1, SIGUSR2, SIGSEGV, SIGRTMIN};

	say("%s:", what);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (sigismember(set, numbers[i]))
			say(" %s", strsignal(numbers[i]));
	say("\n");
}

static sigset_t set_of(int first, int second)
{
	sigset_t set;

	sigemptyset(&set);
	if (first)
		sigaddset(&set, first);
	if (second)
		sigaddset(&set, second);
	return set;
}

static void say_mask(void)
{
	sigset_t mask;

	must(sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
	say_set("mask", &mask);
}

static void masks_by_call(int (*call)(int, const sigset_t *, sigset_t *))
{
	sigset_t traps = set_of(SIGTRAP, SIGUSR1), others = set_of(SIGUSR2, 0), none = set_of(0, 0), full;

	sigfillset(&full);
	returns(call(SIG_BLOCK, &traps, NULL));
	say_mask();
	returns(call(SIG_UNBLOCK, &others, NULL));
	returns(call(SIG_SETMASK, &others, &others));
	say_set("before", &others);
	say_mask();
	returns(call(SIG_SETMASK, &full, NULL));
	say_mask();
	returns(call(SIG_UNBLOCK, &traps, NULL));
	say_mask();
	returns(call(77, &none, NULL));
	returns(call(SIG_SETMASK, &none, NULL));
	say_mask();
}

static void old_masks(void)
{
	say("sigblock %#x\n", (unsigned)sigblock(bit(SIGTRAP) | bit(SIGUSR1)));
	say("sigblock %#x\n", (unsigned)sigblock(0));
	say("sigsetmask %#x\n", (unsigned)sigsetmask(bit(SIGUSR2)));
	say("sigsetmask %#x\n", (unsigned)sigsetmask(0));
	sets_errno(sighold(SIGTRAP));
	say_mask();
	sets_errno(sigrelse(SIGTRAP));
	say_mask();
	sets_errno(sighold(SIGUSR1));
	sets_errno(sigrelse(SIGUSR1));
	sets_errno(sighold(99));
	sets_errno(sigrelse(99));
}

/* A new thread has its creator's mask. */
static void *say_inherited(void *argument)
{
	sigset_t mask;

	must(pthread_sigmask(SIG_BLOCK, NULL, &mask) == 0);
	say_set("mask of a new thread", &mask);
	return argument;
}

static void inherited_masks(void)
{
	sigset_t traps = set_of(SIGTRAP, SIGUSR2), none = set_of(0, 0);

	must(pthread_sigmask(SIG_SETMASK, &traps, NULL) == 0);
	elsewhere(say_inherited, NULL);
	must(pthread_sigmask(SIG_SETMASK, &none, NULL) == 0);
	elsewhere(say_inherited, NULL);
}

static void actions(int number)
{
	struct sigaction mine = {.sa_handler = note_signal, .sa_flags = SA_RESTART}, old;

	mine.sa_mask = set_of(SIGTRAP, SIGUSR2);
	sets_errno(sigaction(number, NULL, &old));
	returns_handler(old.sa_handler);
	sets_errno(sigaction(number, &mine, NULL));
	sets_errno(sigaction(number, NULL, &old));
	say_set("its mask", &old.sa_mask);
	returns_handler(old.sa_handler);
	say("flags %#x\n", (unsigned)old.sa_flags);
	mine.sa_mask = set_of(SIGUSR1, 0);
	sets_errno(sigaction(number, &mine, &old));
	say_set("its mask before", &old.sa_mask);
	raise(number);
	say("caught: %s\n", strsignal(caught));
	returns_handler(signal(number, SIG_IGN));
	raise(number);
	returns_handler(ssignal(number, note_signal));
	returns_handler(bsd_signal(number, SIG_DFL));
	returns_handler(sysv_signal(number, note_signal));
	returns_handler(__sysv_signal(number, note_signal));
	raise(number);
	returns_handler(signal(number, SIG_DFL));
	returns_handler(sigset(number, note_signal));
	returns_handler(sigset(number, SIG_HOLD));
	say_mask();
	returns_handler(sigset(number, SIG_DFL));
	say_mask();
	sets_errno(sigignore(number));
	returns_handler(signal(number, SIG_DFL));
}

static void wrong_numbers(void)
{
	struct sigaction mine = {.sa_handler = note_signal};

	sets_errno(sigaction(0, &mine, NULL));
	sets_errno(sigaction(99, NULL, NULL));
	sets_errno(sigaction(SIGKILL, &mine, NULL));
	returns_handler(signal(99, SIG_DFL));
	returns_handler(signal(SIGTRAP, SIG_ERR));
	returns_handler(sigset(99, SIG_DFL));
	sets_errno(sigignore(99));
}

/* The signal comes while the call waits with another mask. */
#define while_it_waits(call)                                                                                           \
	do {                                                                                                           \
		caught = 0;                                                                                            \
		raise(SIGUSR1);                                                                                        \
		sets_errno(call);                                                                                      \
		say("caught: %s\n", strsignal(caught));                                                                \
	} while (0)

static void waits_with_mask(void)
{
	struct timespec second = {1, 0};
	sigset_t waited = set_of(SIGTRAP, SIGUSR2), blocked = set_of(SIGUSR1, 0), none = set_of(0, 0);
	struct epoll_event event;
	int epoll = epoll_create1(0);

	signal(SIGUSR1, note_signal);
	must(epoll >= 0 && sigprocmask(SIG_SETMASK, &blocked, NULL) == 0);
	while_it_waits(sigsuspend(&waited));
	while_it_waits(pselect(0, NULL, NULL, NULL, &second, &waited));
	while_it_waits(ppoll(NULL, 0, &second, &waited));
	while_it_waits(epoll_pwait(epoll, &event, 1, 1000, &waited));
	say_mask();
	must(sigprocmask(SIG_SETMASK, &none, NULL) == 0);
	signal(SIGUSR1, SIG_DFL);
	close(epoll);
}

static void every_signal_call(void)
{
	say("-- signals\n");
	masks_by_call(sigprocmask);
	masks_by_call(pthread_sigmask);
	old_masks();
	inherited_masks();
	actions(SIGUSR1);
	actions(SIGTRAP);
	wrong_numbers();
	waits_with_mask();
}
