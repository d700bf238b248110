#include "tools/recording/waiting_calls.h"

#include <string.h>

#include "tools/recording/stack_walker.h"

/* most frames of one address, inlined calls included; and most calls of a stack that are checked */
#define FRAMES_MOST 8

static const char *const calls[] = {
    "select",      "pselect",         "poll",    "ppoll",       "epoll_wait",   "epoll_pwait", "epoll_pwait2",
    "pause",       "sigsuspend",      "sigwait", "sigwaitinfo", "sigtimedwait", "nanosleep",   "clock_nanosleep",
    "sleep",       "usleep",          "wait",    "waitpid",     "waitid",       "wait3",       "wait4",
    "sigprocmask", "pthread_sigmask", "read",    "write",       "accept",       "accept4",     "recv",
    "recvfrom",    "recvmsg",         "send",    "sendto",      "sendmsg",      "connect",
};

/* True if function is name, apart from the prefixes and suffixes of the C library's internal copies. */
static bool is_name(const char *function, const char *name)
{
	static const char *const prefixes[] = {"__GI_", "__libc_", "__"};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (!strncmp(function, prefixes[i], strlen(prefixes[i])))
			function += strlen(prefixes[i]);
	size_t length = strlen(name);
	return !strncmp(function, name, length) && (!function[length] || !strcmp(function + length, "64"));
}

static bool waits(const char *function)
{
	for (size_t i = 0; function && i < sizeof calls / sizeof *calls; i++)
		if (is_name(function, calls[i]))
			return true;
	return false;
}

/* The function that contains the address, and not a call that was inlined into it. */
static const char *function_at(struct stack_walker *walker, const struct stack_step *step)
{
	struct symbol_frame frames[FRAMES_MOST];
	unsigned count = stack_walker_frames(walker, step, frames, FRAMES_MOST);

	return count ? frames[count - 1].function : NULL;
}

bool waiting_calls_interrupted(void *walker, uint32_t stack)
{
	struct stack_step step;
	uint32_t library = 0;

	for (unsigned i = 0; i < FRAMES_MOST && stack_walker_step(walker, stack, &step); i++, stack = step.parent) {
		if (library && step.pc->module != library)
			return true;
		if (!waits(function_at(walker, &step)))
			return false;
		library = step.pc->module;
	}
	return false;
}
