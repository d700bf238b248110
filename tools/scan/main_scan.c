/* `ringtail-scan RING`: the shim starts it at the end of a program that has no live reader.  Users do not call it. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/base/error.h"
#include "tools/base/memory.h"
#include "tools/scan/at_end.h"

/* The program's limit is ours too, and a ring takes more address space than it may leave.  Needs privilege. */
static void lift_limit(void) { setrlimit(RLIMIT_AS, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}); }

/* The shim blocks all signals: those of faults are the guard's, which tells a ring that has shrunk. */
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
		fputs("ringtail-scan: programs with libringtail.so start it at their end; see `ringtail help leaks`\n",
		      stderr);
		return EXIT_USAGE;
	}
	lift_limit();
	_exit(scan_at_end_alone(argv[1]));
}
