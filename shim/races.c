#include "shim/races.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "shim/clock.h"
#include "shim/message.h"
#include "shim/options.h"
#include "shim/proc.h"
#include "shim/process.h"
#include "shim/ring_file.h"
#include "shim/sys.h"
#include "shim/tool.h"
#include "shim/traps.h"

#define BEGIN_WITHIN UINT64_C(10000000000) /* ns */
#define END_WITHIN   UINT64_C(5000000000)
#define WAIT_STEP_NS 20000000
#define END_FIRST_NS 100000 /* the first wait for the end; each is longer than the one before, up to END_LAST_NS */
#define END_LAST_NS  10000000

static uint32_t state_now(void) { return load_acquire(&process->header->races_state); }

/* ---- the start ----------------------------------------------------------------------------------- */

/* True if the process would become the parent of a tool whose own parent has ended. */
static bool gets_orphans(void)
{
	int subreaper = 0;

	sys_call6(SYS_prctl, PR_GET_CHILD_SUBREAPER, (long)&subreaper, 0, 0, 0, 0);
	return subreaper || sys_getpid() == 1;
}

static bool tool_lives(long between, int pid)
{
	if (between)
		return sys_call6(SYS_wait4, between, 0, WNOHANG | __WCLONE, 0, 0, 0) == 0;
	return sys_kill(pid, 0) != -ESRCH;
}

/* Waits until the tool has answered.  NULL: it has; else what went wrong. */
static const char *await_answer(long between, int pid)
{
	uint64_t since = clock_ns(CLOCK_MONOTONIC);
	struct timespec step = {0, WAIT_STEP_NS};
	uint32_t *state = &process->header->races_state;
	const char *wrong = NULL;

	while (state_now() == RT_RACES_CALLED) { /* R4, pairs with R3 */
		sys_call6(SYS_futex, (long)state, FUTEX_WAIT, RT_RACES_CALLED, (long)&step, 0, 0);
		bool late = clock_ns(CLOCK_MONOTONIC) - since > BEGIN_WITHIN;
		if (state_now() != RT_RACES_CALLED || (!late && tool_lives(between, pid)))
			continue;
		if (cas_acq_rel(state, RT_RACES_CALLED, RT_RACES_REFUSED)) /* R4: one of R3 and this wins */
			wrong = late ? "ringtail-races has not answered for 10 s" : "ringtail-races ended at once";
	}
	return wrong;
}

/* NULL: the tool has answered; else why there is none. */
static const char *call_tool(void)
{
	static struct tool tool;
	static char ring[RING_PATH_BYTES];

	if (sys_restricted)
		return "the program has given up system calls";
	if (tool_children_are_elsewhere())
		return "the children of the program are born in another PID namespace";
	if (tool_under_valgrind())
		return "valgrind runs the program";
	tool.name = RT_RACES_TOOL;
	tool.argument = ring;
	tool.stays = gets_orphans();
	if (!tool_find(&tool))
		return "there is no ringtail-races beside the library";
	ring_file_path(ring, sizeof ring);
	if (sys_call6(SYS_faccessat, AT_FDCWD, (long)ring, 2 /* W_OK */, 0, 0, 0) == -EACCES)
		return "the program has become a user that may not write to its recording";
	long between = tool_start(&tool);
	if (between < 0 || !tool_await_pid(&tool, between))
		return "no process can be made for ringtail-races";
	process->header->races_tracer = (uint32_t)tool.pid;
	tool_allow(tool.pid);
	store_release(&process->header->races_state, RT_RACES_CALLED); /* R1, pairs with R2 */
	const char *wrong = await_answer(between, tool.pid);
	tool_disallow();
	return wrong;
}

/* A live reader prints a summary that says why.  A forked child has its parent's line. */
static void say_refused(const char *wrong)
{
	const struct rt_header *header = process->header;

	if (wrong)
		message_once("no data races are looked for", wrong);
	else if (!header->live && !header->forked)
		message_once("no data races are looked for; `ringtail report` says why", NULL);
}

/* All signals are held meanwhile: a handler might fork, and its child has no header. */
void races_before_thread(void)
{
	uint64_t signals;
	int error = errno;

	if (!options.races || !process_is_ours() || state_now() != RT_RACES_NONE)
		return;
	traps_begin_thread(traps_are_blocked());
	sys_hold_signals(&signals);
	if (traps_are_programs())
		process->header->races_end = RT_RACES_END_TRAP;
	const char *wrong = call_tool();
	if (wrong)
		store_release(&process->header->races_state, RT_RACES_REFUSED);
	if (state_now() == RT_RACES_REFUSED)
		say_refused(wrong);
	sys_let_signals(&signals);
	errno = error;
}

/* ---- the end -------------------------------------------------------------------------------------- */

bool races_are_watched(void) { return options.races && process_is_ours() && state_now() == RT_RACES_WATCHING; }

/* 1: a process traces the calling thread; 0: none does; -1: not known. */
static long tracer_of_thread(void)
{
	static const char name[] = "\nTracerPid:\t";
	char text[1024];
	const char *at = proc_read("/proc/thread-self/status", text, sizeof text) ? strstr(text, name) : NULL;

	return !at ? -1 : at[sizeof name - 1] != '0';
}

/* Only the tracer can trace this process, as it was there first.  So while a process traces it, the tracer's pid is
 * still its own. */
void races_end(enum rt_races_end why)
{
	int error = errno;

	if (!races_are_watched() || sys_restricted)
		return;
	uint64_t since = clock_ns(CLOCK_MONOTONIC);
	cas_acq_rel(&process->header->races_end, RT_RACES_END_NONE, why);
	int tracer = (int)process->header->races_tracer;
	/* R5; where that is not allowed, the tracer reads races_end before long */
	if (tracer > 1 && tracer_of_thread() > 0)
		sys_kill(tracer, SIGTERM);
	for (long step = END_FIRST_NS; clock_ns(CLOCK_MONOTONIC) - since < END_WITHIN; step += step / 2) {
		long traced = tracer_of_thread();
		if (!traced || (traced < 0 && state_now() == RT_RACES_ENDED))
			break;
		sys_sleep_ns(step < END_LAST_NS ? step : END_LAST_NS);
	}
	store_release(&process->header->races_state, RT_RACES_ENDED);
	errno = error;
}
