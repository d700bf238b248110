#include "tools/recording/waiting_calls.h"

#include <string.h>

/* most frames of one address, inlined calls included; and most calls of a stack that are checked */
#define FRAMES_MOST 8

static const char *const names[] = {
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
	for (size_t i = 0; function && i < sizeof names / sizeof *names; i++)
		if (is_name(function, names[i]))
			return true;
	return false;
}

/* The function that contains the address, and not a call that was inlined into it. */
static const char *function_at(struct waiting_calls *calls, const struct rt_module *module, const struct rt_pc *pc)
{
	struct symbol_frame frames[FRAMES_MOST];
	unsigned count;

	if (!calls->symbolizer) {
		calls->symbolizer = symbolizer_new();
		if (!calls->symbolizer)
			return NULL;
		symbolizer_process(calls->symbolizer, calls->ring);
	}
	count = symbolizer_resolve(calls->symbolizer, module, (pc->key & RT_PC_ADDRESS) - module->bias,
	                           pc->key & RT_PC_EXACT, frames, FRAMES_MOST);
	return count ? frames[count - 1].function : NULL;
}

bool waiting_calls_interrupted(void *context, uint32_t stack)
{
	struct waiting_calls *calls = context;
	uint32_t parent, pc_id, library = 0;

	for (unsigned frames = 0; frames < FRAMES_MOST; frames++, stack = parent) {
		const struct rt_pc *pc =
		    ring_file_node(calls->ring, stack, &parent, &pc_id) ? ring_file_pc(calls->ring, pc_id) : NULL;
		const struct rt_module *module =
		    pc && pc->module ? ring_file_module(calls->ring, pc->module - 1) : NULL;
		if (!module)
			return false;
		if (library && pc->module != library)
			return true;
		if (!waits(function_at(calls, module, pc)))
			return false;
		library = pc->module;
	}
	return false;
}

void waiting_calls_free(struct waiting_calls *calls)
{
	if (calls->symbolizer)
		symbolizer_free(calls->symbolizer);
}
