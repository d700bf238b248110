#define UNW_LOCAL_ONLY
#include "tests/differential/stack_check.h"

#include <libunwind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/atomics.h"
#include "shim/options.h"
#include "shim/sys.h"
#include "shim/unwind.h"

#define MOST 4096
#define SHOWN 20

static uint64_t checked, memo_differs, peer_differs, every, seen;
static char report[1 << 16];
static size_t report_used;
static __thread bool checking;

struct trace {
	uintptr_t pcs[MOST];
	unsigned count;
	uint32_t root;
};

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
                             struct trace *trace)
{
	static __thread struct unwound_frame frames[MOST];
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

static void describe(const char *title, const struct trace *trace)
{
	int room = (int)(sizeof report - report_used);
	int used = snprintf(report + report_used, (size_t)room, "%s (%u frames, root %u):", title, trace->count, trace->root);
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
	char line[160];
	int length = snprintf(line, sizeof line, "pid %d checked %lu memo_differs %lu peer_differs %lu\n", sys_getpid(),
	                      (unsigned long)checked, (unsigned long)memo_differs, (unsigned long)peer_differs);
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

/* A stack that is cut may be cut a little before the limit: then its frames are the innermost of the others'. */
static unsigned most_frames(const struct stack_state *state, const struct trace *ours)
{
	bool cut = ours->root == RT_ROOT_DEPTH && ours->count >= state->depth - 2 * state->slack;
	return cut ? ours->count : state->depth;
}

void stack_check(struct stack_state *state, unsigned lane, const struct caller *caller, uint32_t node)
{
	static __thread struct trace ours, full, peer;
	if (checking || lane || !is_due())
		return;
	checking = true;
	from_table(node, &ours);
	unsigned most = most_frames(state, &ours);
	from_full_engine(state, caller, most, &full);
	from_libunwind(caller, most, &peer);
	fetch_add_relaxed(&checked, 1);
	if (!same(&ours, &full) && fetch_add_relaxed(&memo_differs, 1) < SHOWN) {
		describe("MEMO ", &ours);
		describe(" full", &full);
	}
	if (!same(&ours, &peer) && fetch_add_relaxed(&peer_differs, 1) < SHOWN) {
		describe("PEER ours", &ours);
		describe(" libunwind", &peer);
	}
	checking = false;
}
