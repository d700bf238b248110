/* `ringtail-races RING`: the shim starts it before a program creates its second thread.  Users do not call it. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/base/error.h"
#include "tools/base/memory.h"
#include "tools/races/tracer_alone.h"

/* This process has inherited the program's limit, and mapping the ring may need more address space than the limit
 * allows.  Works only with privilege. */
static void lift_limit(void) { setrlimit(RLIMIT_AS, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}); }

/* The shim has blocked all signals, and so the tracer wants them, but for those of faults: they are needed by
 * map_guard, which notices a ring file that has shrunk. */
static void let_faults_be_handled(void)
{
	sigset_t faults;

	sigemptyset(&faults);
	sigaddset(&faults, SIGSEGV);
	sigaddset(&faults, SIGBUS);
	sigprocmask(SIG_UNBLOCK, &faults, NULL);
}

int main(int argc, char **argv)
{
	let_faults_be_handled();
	memory_start_up();
	if (argc != 2) {
		fputs("ringtail-races: programs with libringtail.so start it, with the option races; see `ringtail "
		      "help run`\n",
		      stderr);
		return EXIT_USAGE;
	}
	setsid(); /* signals for the program's group are not for it */
	lift_limit();
	_exit(tracer_alone(argv[1]));
}
