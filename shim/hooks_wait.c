/*
 * wait and its kin: how a child ended.
 *
 * A process that is killed records nothing of that.  Its parent learns the signal from the kernel, and here so does the
 * recording.
 */
#include <sys/wait.h>

#include "shim/hooks.h"
#include "shim/process.h"

/* A forked child that has recorded nothing need not begin a ring to wait. */
static void get_ready(void)
{
	if (!process_is_fresh_child())
		thread_self();
}

/* status: as waitpid gives it. */
static void record_end(const struct caller *caller, pid_t child, int status)
{
	if (!process_is_fresh_child() && (WIFEXITED(status) || WIFSIGNALED(status)))
		record(thread_self(), caller, RT_CHILD_END, rt_word1((uint64_t)child, (unsigned)status & 0xffff));
}

/* The real call stores the status, wherever the program wants it. */
#define WAIT(name, ...)                                                                                                \
	struct caller caller = CALLER();                                                                               \
	int own = 0, *where = status ? status : &own;                                                                  \
	get_ready();                                                                                                   \
	pid_t child = real.name(__VA_ARGS__);                                                                          \
	if (child > 0)                                                                                                 \
		record_end(&caller, child, *where);                                                                    \
	return child

pid_t wait(int *status) { WAIT(wait, where); }

pid_t waitpid(pid_t pid, int *status, int how) { WAIT(waitpid, pid, where, how); }

pid_t wait3(int *status, int how, struct rusage *usage) { WAIT(wait3, where, how, usage); }

pid_t wait4(pid_t pid, int *status, int how, struct rusage *usage) { WAIT(wait4, pid, where, how, usage); }

/* What waitpid would have said of it; a stopped child has not ended. */
static int status_of(const siginfo_t *info)
{
	switch (info->si_code) {
	case CLD_EXITED: return (info->si_status & 0xff) << 8;
	case CLD_KILLED:
	case CLD_DUMPED: return info->si_status & 0x7f;
	default: return 0x7f; /* stopped */
	}
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int how)
{
	struct caller caller = CALLER();
	siginfo_t own = {0}, *where = info ? info : &own;
	get_ready();
	int result = real.waitid(type, id, where, how);
	if (result == 0 && where->si_pid > 0)
		record_end(&caller, where->si_pid, status_of(where));
	return result;
}
