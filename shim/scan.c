#include "shim/scan.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "shim/cfi.h"
#include "shim/clock.h"
#include "shim/hooks.h"
#include "shim/message.h"
#include "shim/modules.h"
#include "shim/options.h"
#include "shim/process.h"
#include "shim/races.h"
#include "shim/ring.h"
#include "shim/ring_file.h"
#include "shim/sys.h"
#include "shim/tool.h"
#include "shim/unwind.h"

#define WAIT_STEP_NS  20000000
#define SECOND_NS     UINT64_C(1000000000)
#define REAP_FIRST_NS 20000    /* the first wait; each is longer than the one before, */
#define REAP_LAST_NS  50000000 /* up to this: 0.1 s in all */

/* ---- starting the tool ------------------------------------------------------------------------ */

/* Returns what tool_start does, or a negative number with the reason in the header.  The process between stays, so it
 * is the one that may trace, and its end is the tool's.  The tool may write a reason of its own as soon as it runs. */
static long try_tool(const char *ring)
{
	static struct tool tool;
	enum rt_scan_missed missed = RT_SCAN_MISSED_NO_TOOL;
	long between = -1;

	process->header->scan_missed = RT_SCAN_MISSED_OTHERWISE;
	tool.name = RT_SCAN_TOOL;
	tool.argument = ring;
	tool.stays = true;
	if (tool_children_are_elsewhere()) {
		missed = RT_SCAN_MISSED_CHILDREN_ELSEWHERE;
	} else if (tool_under_valgrind()) {
		missed = RT_SCAN_MISSED_VALGRIND;
	} else if (tool_find(&tool)) {
		missed = RT_SCAN_MISSED_NO_PROCESS;
		between = tool_start(&tool);
	}
	if (between < 0)
		process->header->scan_missed = missed;
	return between;
}

/* With such a limit the tool may fail.  There is no message then: the user has set the limit. */
static bool has_limit_of_memory(void)
{
	struct rlimit limit;

	return sys_getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

/* Why a tool that was started has ended without a result. */
static enum rt_scan_missed why_tool_failed(const char *ring)
{
	if (sys_call6(SYS_faccessat, AT_FDCWD, (long)ring, 2 /* W_OK */, 0, 0, 0) == -EACCES)
		return RT_SCAN_MISSED_OTHER_USER;
	return has_limit_of_memory() ? RT_SCAN_MISSED_LIMIT : RT_SCAN_MISSED_TOOL;
}

/* The tool writes its result before it says that it is done, so it will end soon. */
static void reap(long between)
{
	for (uint64_t step = REAP_FIRST_NS; step < REAP_LAST_NS; step += step / 2) {
		if (sys_call6(SYS_wait4, between, 0, WNOHANG | __WCLONE, 0, 0, 0) != 0)
			return;
		sys_sleep_ns(step);
	}
}

/* ---- waiting -------------------------------------------------------------------------------- */

static uint32_t state_now(void) { return load_acquire(&process->header->scan_state); }

/* True if the process that is to make the scan still exists.  between: the parent of the tool that the shim started;
 * 0: the live reader makes the scan, and has no time for its heartbeat meanwhile. */
static bool tool_lives(long *between, uint32_t state)
{
	if (!*between)
		return ring_reader_lives() || (state == RT_SCAN_TAKEN && ring_reader_exists());
	if (sys_call6(SYS_wait4, *between, 0, WNOHANG | __WCLONE, 0, 0, 0) == 0)
		return true;
	*between = -1;
	return false;
}

static void wait_for_tool(long *between)
{
	struct timespec step = {0, WAIT_STEP_NS};
	uint64_t wait_ns = options.scan_wait * SECOND_NS, since = clock_ns(CLOCK_MONOTONIC);
	uint32_t state;

	/* S5, pairs with S4: state_now acquires */
	while ((state = state_now()) == RT_SCAN_WAITING || state == RT_SCAN_TAKEN) {
		sys_call6(SYS_futex, (long)&process->header->scan_state, FUTEX_WAIT, state, (long)&step, 0, 0);
		/* A tool that has taken the scan keeps the time limit itself, and says why it gave up.  This is the
		 * limit for a tool that does not. */
		bool late = clock_ns(CLOCK_MONOTONIC) - since > (state == RT_SCAN_TAKEN ? 2 * wait_ns : wait_ns);
		if (state_now() != state || (tool_lives(between, state) && !late))
			continue;
		if (late)
			process->header->scan_missed = RT_SCAN_MISSED_LATE;
		cas_acq_rel(&process->header->scan_state, state,
		            RT_SCAN_NONE); /* S5, pairs with S2 and S4: one of them wins */
	}
}

/* Wakes the live reader, which sleeps until a file of its directory changes. */
static void call_reader(const char *ring) { sys_call6(SYS_utimensat, AT_FDCWD, (long)ring, 0, 0, 0, 0); }

/* The frames of exit and of the functions that it calls contain old values, which would make lost blocks seem
 * reachable.  So the scan is told where the program's part of the stack begins: at its call of libc. */
static void tell_frames(struct rt_header *header)
{
	_Static_assert(CFI_REGISTERS <= RT_SCAN_REGISTERS, "room for all of them");
	struct dl_find_object libc;
	struct text_range range = {0, 0};
	uintptr_t sp = 0;

	if (!_dl_find_object((void *)(uintptr_t)real.exit, &libc))
		range = (struct text_range){(uintptr_t)libc.dlfo_map_start,
		                            (uintptr_t)libc.dlfo_map_end - (uintptr_t)libc.dlfo_map_start};
	memset(header->scan_registers, 0, sizeof header->scan_registers);
	if (!range.bytes || !unwind_to_program(&range, header->scan_registers, &sp))
		sp = 0;
	header->scan_sp = sp;
	header->scan_tid = (uint32_t)sys_gettid();
}

/* started: the shim started a tool, which may have failed. */
static void say_refused(const struct rt_header *header, bool started)
{
	bool nothing = started && state_now() == RT_SCAN_NONE && !has_limit_of_memory();
	bool refused = state_now() == RT_SCAN_REFUSED || nothing;

	if (refused && !header->forked)
		message_once("no leak scan was possible at the end; `ringtail leaks` says why, and what helps", NULL);
}

static bool is_wanted(void)
{
	const struct rt_header *header = process->header;

	return options.scan && options.scan_wait && (header->watch & RT_WATCH_HEAP) && !header->heap_unseen &&
	       !sys_restricted;
}

static void ask_reader(const char *ring)
{
	long reader = 0;

	call_reader(ring);
	tool_allow((long)ring_reader());
	wait_for_tool(&reader);
}

static void ask_own_tool(const char *ring)
{
	long between = try_tool(ring);
	bool started = between > 0;

	if (started) {
		tool_allow(between);
		wait_for_tool(&between);
		if (state_now() == RT_SCAN_NONE && process->header->scan_missed == RT_SCAN_MISSED_OTHERWISE)
			process->header->scan_missed = why_tool_failed(ring);
	} else {
		cas_acq_rel(&process->header->scan_state, RT_SCAN_WAITING, RT_SCAN_NONE); /* S5: there is no tool */
	}
	say_refused(process->header, started); /* a live reader prints a message of its own */
	if (between > 0)
		reap(between);
}

/* False: another thread is ending the process, or a scan was made already. */
static bool become_ending(void)
{
	if (!cas_acq_rel(&process->ending, 0, 1)) /* S0, pairs with the store in scan_at_end */
		return false;
	if (state_now() == RT_SCAN_NONE)
		return true;
	store_release(&process->ending, 0);
	return false;
}

static bool begin_to_wait(void)
{
	return cas_acq_rel(&process->header->scan_state, RT_SCAN_NONE, RT_SCAN_WAITING); /* S1, pairs with S2 */
}

/* If the reader has left, or dies before it has scanned, a tool is started. */
static void await_scan(void)
{
	static char ring[RING_PATH_BYTES];

	ring_file_path(ring, sizeof ring);
	if (!begin_to_wait())
		return;
	bool reader = ring_reader_lives();
	if (reader)
		ask_reader(ring);
	if (!reader || (!ring_reader_lives() && begin_to_wait()))
		ask_own_tool(ring);
	tool_disallow();
}

void scan_at_end(enum hold what)
{
	if (process_is_ours() && sys_restricted)
		process->header->scan_missed = RT_SCAN_MISSED_RESTRICTED;
	if (!process_is_ours() || !is_wanted() || !become_ending())
		return;
	int error = errno;
	races_end(what == HOLD_EXEC ? RT_RACES_END_EXEC : RT_RACES_END_SCAN);
	hold_begin(what);
	tell_frames(process->header);
	await_scan();
	hold_over();
	store_release(&process->ending, 0); /* pairs with S0: the frames are this thread's until here */
	errno = error;
}

void scan_not_the_end(void)
{
	if (!process_is_ours())
		return;
	store_release(&process->header->scan_state, RT_SCAN_NONE);
	hold_exec_failed();
}
