#define UNW_LOCAL_ONLY
#include "shim/modules.h"
#include "tests/differential/stack_check.h"

#include <errno.h>
#include <libunwind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/atomics.h"
#include "shim/options.h"
#include "shim/sys.h"
#include "shim/unwind.h"

#define MOST  4096
#define SHOWN 20

/* How a stack differs from the peer's. */
enum difference { SAME, OURS_SHORTER, PEER_SHORTER, OTHER_FRAMES, DIFFERENCES };
static const char *const difference_names[] = {"same", "ours_shorter", "peer_shorter", "other_frames"};

static uint64_t checked, memo_differs, peer_differs[DIFFERENCES], every, seen;
static char report[1 << 16];
static size_t report_used;
static __thread bool checking;

struct trace {
	uintptr_t pcs[MOST];
	unsigned count;
	uint32_t root;
};

struct scratch {
	struct trace ours, full, peer;
	struct unwound_frame frames[MOST];
};

/* Not thread-local: glibc would take so much from each thread's stack, and threads with small stacks could not
 * start. */
#define POOL 64
static struct scratch *pool[POOL];

static struct scratch *take_scratch(void)
{
	struct scratch *scratch = NULL;
	for (unsigned i = 0; i < POOL && !scratch; i++)
		scratch = __atomic_exchange_n(&pool[i], NULL, __ATOMIC_ACQUIRE);
	if (!scratch)
		scratch = sys_mmap(NULL, sizeof *scratch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	return scratch;
}

static void give_back(struct scratch *scratch)
{
	for (unsigned i = 0; i < POOL && scratch; i++)
		scratch = __atomic_exchange_n(&pool[i], scratch, __ATOMIC_ACQ_REL);
	if (scratch)
		sys_munmap(scratch, sizeof *scratch);
}

/* Innermost first. */
static void from_table(uint32_t node, struct trace *trace)
{
	trace->count = 0;
	while (node >= RT_NODE_FIRST && trace->count < MOST) {
		uint64_t entry = process->nodes[node - RT_NODE_FIRST];
		trace->pcs[trace->count++] = process->pcs[(uint32_t)entry - 1].key & RT_PC_ADDRESS;
		node = (uint32_t)(entry >> 32);
	}
	trace->root = node;
}

static void from_full_engine(const struct stack_state *state, const struct caller *caller, unsigned most,
                             struct unwound_frame *frames, struct trace *trace)
{
	trace->count = unwind_full(caller->sp, state->low, state->high, frames, most, &trace->root);
	for (unsigned i = 0; i < trace->count; i++)
		trace->pcs[i] = frames[i].pc;
}

static void from_libunwind(const struct caller *caller, unsigned most, struct trace *trace)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc, sp;
	trace->count = 0;
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	while (trace->count < most && unw_step(&cursor) > 0) {
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		unw_get_reg(&cursor, UNW_REG_SP, &sp);
		if (!pc)
			break;
		if (in_range(&shim_range, pc) || (!trace->count && sp < caller->sp))
			continue;
		trace->pcs[trace->count++] = pc;
	}
}

static bool same(const struct trace *a, const struct trace *b)
{
	return a->count == b->count && !memcmp(a->pcs, b->pcs, a->count * sizeof *a->pcs);
}

static enum difference difference(const struct trace *ours, const struct trace *peer)
{
	unsigned shared = ours->count < peer->count ? ours->count : peer->count;
	if (memcmp(ours->pcs, peer->pcs, shared * sizeof *ours->pcs))
		return OTHER_FRAMES;
	return ours->count == peer->count ? SAME : ours->count < peer->count ? OURS_SHORTER : PEER_SHORTER;
}

static void describe(const char *title, const struct trace *trace)
{
	int room = (int)(sizeof report - report_used);
	int used =
	    snprintf(report + report_used, (size_t)room, "%s (%u frames, root %u):", title, trace->count, trace->root);
	for (unsigned i = 0; i < trace->count && used < room - 64 && i < 40; i++) {
		struct dl_find_object object;
		const char *name = "?";
		uintptr_t base = 0;
		if (!_dl_find_object((void *)trace->pcs[i], &object)) {
			const char *path = *(const char **)((uintptr_t)object.dlfo_link_map + sizeof(uintptr_t));
			base = *(const uintptr_t *)object.dlfo_link_map;
			name = path && *path ? (strrchr(path, '/') ? strrchr(path, '/') + 1 : path) : "exe";
		}
		used += snprintf(report + report_used + used, (size_t)(room - used), " %s+%#lx", name,
		                 (unsigned long)(trace->pcs[i] - base));
	}
	used += snprintf(report + report_used + used, used < room ? (size_t)(room - used) : 0, "\n");
	report_used += used < room ? (size_t)used : (size_t)room;
}

static void write_report(void)
{
	const char *path = getenv("STACK_CHECK_OUT");
	if (!path)
		return;
	long fd = sys_open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	char line[256];
	int length = snprintf(line, sizeof line, "pid %d exe %s checked %lu memo_differs %lu", sys_getpid(),
	                      program_invocation_short_name, (unsigned long)checked, (unsigned long)memo_differs);
	for (unsigned i = OURS_SHORTER; i < DIFFERENCES; i++)
		length += snprintf(line + length, sizeof line - (size_t)length, " %s %lu", difference_names[i],
		                   (unsigned long)peer_differs[i]);
	line[length++] = '\n';
	sys_write((int)fd, line, (size_t)length);
	sys_write((int)fd, report, report_used);
	sys_close((int)fd);
}

__attribute__((destructor)) static void at_end(void) { write_report(); }

static bool is_due(void)
{
	if (!every) {
		const char *text = getenv("STACK_CHECK_EVERY");
		every = text ? strtoul(text, NULL, 10) : 1;
	}
	return fetch_add_relaxed(&seen, 1) % every == 0;
}

/* A stack may be cut a little before the limit: then its frames are the innermost of the other unwinders' frames. */
static unsigned most_frames(const struct stack_state *state, const struct trace *ours)
{
	bool cut = ours->root == RT_ROOT_DEPTH && ours->count >= state->depth - 2 * state->slack;
	return cut ? ours->count : state->depth;
}

static void compare(struct stack_state *state, const struct caller *caller, uint32_t node, struct scratch *scratch)
{
	from_table(node, &scratch->ours);
	unsigned most = most_frames(state, &scratch->ours);
	from_full_engine(state, caller, most, scratch->frames, &scratch->full);
	from_libunwind(caller, most, &scratch->peer);
	enum difference found = difference(&scratch->ours, &scratch->peer);
	fetch_add_relaxed(&checked, 1);
	if (!same(&scratch->ours, &scratch->full) && fetch_add_relaxed(&memo_differs, 1) < SHOWN) {
		describe("MEMO ", &scratch->ours);
		describe(" full", &scratch->full);
	}
	if (found != SAME && fetch_add_relaxed(&peer_differs[found], 1) < SHOWN) {
		describe(difference_names[found], &scratch->ours);
		describe(" libunwind", &scratch->peer);
	}
}

static void check(struct stack_state *state, unsigned lane, const struct caller *caller, uint32_t node)
{
	if (checking || lane || !is_due())
		return;
	checking = true;
	struct scratch *scratch = take_scratch();
	if (scratch)
		compare(state, caller, node, scratch);
	give_back(scratch);
	checking = false;
}

/* libunwind takes locks, whose hooks come here again: they record no stack. */
uint32_t __wrap_stack_capture(struct stack_state *state, unsigned lane, const struct caller *caller)
{
	if (checking)
		return RT_STACK_NONE;
	uint32_t node = __real_stack_capture(state, lane, caller);
	check(state, lane, caller, node);
	return node;
}
