#include "tools/base/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/clock.h"
#include "tools/base/memory.h"

#define MS          UINT64_C(1000000)
#define KILL_WITHIN (1000 * MS)
#define STEP_FIRST  (MS / 20)
#define STEP_LAST   (20 * MS)

static void sleep_ns(uint64_t ns)
{
	nanosleep(&(struct timespec){.tv_sec = (time_t)(ns / (1000 * MS)), .tv_nsec = (long)(ns % (1000 * MS))}, NULL);
}

/* Also true where there is no such child. */
static bool has_ended(pid_t child)
{
	pid_t ended = waitpid(child, NULL, WNOHANG);

	return ended == child || (ended < 0 && errno == ECHILD);
}

bool child_wait(pid_t child, uint64_t within_ns)
{
	uint64_t until = ring_clock_ns(CLOCK_MONOTONIC) + within_ns;

	for (uint64_t step = STEP_FIRST; !has_ended(child); step = step < STEP_LAST ? step * 2 : STEP_LAST) {
		if (ring_clock_ns(CLOCK_MONOTONIC) >= until)
			return has_ended(child);
		sleep_ns(step);
	}
	return true;
}

bool child_end_within(pid_t child, uint64_t within_ns)
{
	if (child_wait(child, within_ns))
		return true;
	kill(child, SIGKILL);
	child_wait(child, KILL_WITHIN);
	return false;
}

/* True if there is something to read, or the end. */
static bool await_input(int fd, uint64_t until)
{
	uint64_t now = ring_clock_ns(CLOCK_MONOTONIC);
	struct pollfd input = {.fd = fd, .events = POLLIN};

	return now < until && poll(&input, 1, (int)((until - now + MS - 1) / MS)) == 1;
}

char *child_read_all(int fd, uint64_t within_ns)
{
	uint64_t until = ring_clock_ns(CLOCK_MONOTONIC) + within_ns;
	char *text = NULL;
	size_t used = 0, room = 0;
	ssize_t got = -1;

	while (await_input(fd, until)) {
		GROW(text, room, used + 4097);
		got = read(fd, text + used, room - used - 1);
		if (got <= 0)
			break;
		used += (size_t)got;
		got = -1;
	}
	if (got == 0) {
		text[used] = '\0';
		return text;
	}
	free(text);
	return NULL;
}
