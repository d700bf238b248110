/*
 * Calls malloc and free 200000 times, for 3 million bytes, while its descriptors or the names of files are not what
 * they were at its start.  The shim must not write into the program's files.  The first argument names the shape
 * (shapes.h):
 *
 *   replaced        the ring file is renamed, and the program makes a file of its own under the old name
 *   handler         every 50 us a signal handler closes the descriptor that was the lowest free one at the start; if
 *                   that was open, the handler opens the program's file under its number
 *   limited         files may not be written beyond 4096 bytes
 *   no_descriptors  no descriptor may be opened
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "shapes.h"

#define PAIRS 200000
#define SIZE  15

static int lowest; /* the lowest free descriptor */
static char own_path[] = "/tmp/ring_file.XXXXXX";

static void expect_empty(const char *path)
{
	struct stat status;
	must(stat(path, &status) == 0 && status.st_size == 0);
}

static void work(void)
{
	for (int i = 0; i < PAIRS; i++) {
		char *volatile block = malloc(SIZE);
		must(block);
		free(block);
	}
	say("allocations=%d bytes=%d frees=%d live_blocks=0\n", PAIRS, PAIRS * SIZE, PAIRS);
}

/* ---- replaced ---------------------------------------------------------------------- */

static void name_ring(char *to, size_t room)
{
	const char *variable = getenv("RINGTAIL"), *run = variable ? strstr(variable, "run=") : NULL;
	must(run);
	run += strlen("run=");
	snprintf(to, room, "%.*s/%d.0.ring", (int)strcspn(run, ":"), run, (int)getpid());
}

static void replaced(void)
{
	char ring[4096], aside[4096 + 8];

	name_ring(ring, sizeof ring);
	snprintf(aside, sizeof aside, "%s.aside", ring);
	must(rename(ring, aside) == 0);
	must(open(ring, O_RDWR | O_CREAT | O_EXCL, 0600) >= 0);
	work();
	expect_empty(ring);
	must(rename(aside, ring) == 0);
}

/* ---- handler ------------------------------------------------------------------------ */

/* A signal handler: makes only system calls, prints nothing, and leaves errno as it was. */
static void replace_descriptor(int signal)
{
	int before = errno;

	(void)signal;
	if (close(lowest) == 0)
		must(open(own_path, O_RDWR) == lowest);
	errno = before;
}

static void handler(void)
{
	struct sigaction action = {.sa_handler = replace_descriptor, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};

	lowest = mkstemp(own_path);
	must(close(lowest) == 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	work();
	setitimer(ITIMER_REAL, &never, NULL);
	expect_empty(own_path);
	unlink(own_path);
}

/* ---- limits ------------------------------------------------------------------------- */

static void limited(void)
{
	struct rlimit limit = {4096, 4096};
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	work();
}

static void no_descriptors(void)
{
	struct rlimit limit = {3, 3};
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	work();
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(replaced),
	    SHAPE(handler),
	    SHAPE(limited),
	    SHAPE(no_descriptors),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
