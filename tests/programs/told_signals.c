/* Waits for signals and prints a line for each, until SIGTERM.
 * usage: told_signals [group|session]        in a process group or session of its own */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	sigset_t waited;
	siginfo_t info;
	int signal;

	if (argc > 1 && !strcmp(argv[1], "group"))
		setpgid(0, 0);
	if (argc > 1 && !strcmp(argv[1], "session"))
		setsid();
	sigemptyset(&waited);
	sigaddset(&waited, SIGHUP);
	sigaddset(&waited, SIGUSR1);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &waited, NULL);
	say("ready");
	while ((signal = sigwaitinfo(&waited, &info)) != SIGTERM) {
		if (signal < 0) /* EINTR */
			continue;
		if (signal == SIGRTMIN)
			printf("queued %d\n", info.si_value.sival_int);
		say(signal == SIGHUP ? "hangup" : signal == SIGUSR1 ? "user" : "real-time");
	}
	say("termination");
	return 0;
}
