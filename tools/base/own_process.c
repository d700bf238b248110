#include "tools/base/own_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/base/error.h"

/* Dispositions of SIGPIPE and SIGXFSZ, as the caller of this process left them. */
static sighandler_t pipe_before = SIG_DFL, file_limit_before = SIG_DFL;

/* Opens a place holder for each closed standard descriptor, with the access mode that the descriptor is not used with.
 * So reads and writes fail with EBADF, as they would on the closed descriptor. */
static void hold_places(void)
{
	static const int refused[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", refused[fd] | O_CLOEXEC); /* takes the lowest free number */
}

void own_process_start_up(void)
{
	hold_places();
	pipe_before = signal(SIGPIPE, SIG_IGN);
	file_limit_before = signal(SIGXFSZ, SIG_IGN);
}

void own_process_start_up_for_shim(void)
{
	sigset_t faults;

	sigemptyset(&faults);
	sigaddset(&faults, SIGSEGV);
	sigaddset(&faults, SIGBUS);
	sigprocmask(SIG_UNBLOCK, &faults, NULL);
	setrlimit(RLIMIT_AS, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
}

void own_process_prints(bool prints) { signal(SIGPIPE, prints ? pipe_before : SIG_IGN); }

void own_process_hand_down(void)
{
	signal(SIGPIPE, pipe_before);
	signal(SIGXFSZ, file_limit_before);
}

/* 0 if all that was printed to the stream was written, else the errno. */
static int unwritten(FILE *stream)
{
	errno = 0;
	if (fflush(stream) == 0 && !ferror(stream))
		return 0;
	return errno ? errno : EIO;
}

/* True if standard error accepts no more bytes although it has a reader or is a file.  The test is to print one more
 * line. */
static bool error_is_full(void)
{
	if (!ferror(stderr))
		return false;
	errno = 0;
	return fputs("ringtail: standard error took only a part of what was printed\n", stderr) < 0 && errno != EPIPE &&
	       errno != EBADF;
}

int own_process_end(int status)
{
	int error = unwritten(stdout);

	if (error == EPIPE && pipe_before == SIG_DFL)
		own_process_die_of(SIGPIPE);
	if (error && status == EXIT_FINE) {
		fprintf(stderr, "ringtail: cannot write to standard output: %s\n", strerror(error));
		status = EXIT_INTERNAL;
	}
	return status == EXIT_FINE && error_is_full() ? EXIT_INTERNAL : status;
}

void own_process_die_of(int signal_number)
{
	sigset_t only;

	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0); /* a limit of 0 does not keep dumps from a pipe in core_pattern */
	signal(signal_number, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, signal_number);
	kill(getpid(), signal_number);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
}
