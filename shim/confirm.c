#include "shim/confirm.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/address_space.h"
#include "shim/clock.h"
#include "shim/message.h"
#include "shim/options.h"
#include "shim/sys.h"
#include "shim/thread.h"

#define LOW_BITS    4096u /* the low bits of an address, which are the same wherever its module is loaded */
#define QUIET_HOLDS 4u
#define LOOK_NS     UINT64_C(1000000) /* how often a reader looks for the writer that is to wait */

/* Bits of pthread_rwlock_t's __readers (glibc, nptl/pthread_rwlock_common.c) */
enum { RWLOCK_WRITE_PHASE = 1, RWLOCK_WRITER = 2 };

enum { GOES_ON, HELD_UP, LET_GO };

struct confirm_edge {
	uintptr_t held; /* the lock that the thread took at the edge's first stack; 0: none, or given back */
	uint32_t armed; /* 1: the thread is held up at the edge's second stack */
	uint32_t reserved;
};

struct confirm_state {   /* of a thread; other threads read it while the thread is held up */
	uint32_t step;   /* a futex */
	uint32_t busy;   /* 1: within confirm_take, so that calls of a signal handler are left alone */
	uint32_t behind; /* 1: it would wait only behind a writer that waits (RT_PLAN_BEHIND) */
	uint32_t reserved;
	uintptr_t wanted;
	struct confirm_edge edges[];
};

uint32_t confirm_mode;

static struct rt_plan *plan;
static const struct rt_plan_module *modules;
static struct rt_plan_cycle *cycles;
static struct rt_plan_edge *edges;
static const struct rt_plan_frame *frames;
static uint8_t places[LOW_BITS / 8]; /* a bit for the low bits of each innermost frame of the plan */

/* ---- the plan ------------------------------------------------------------------------- */

static struct rt_plan *map_plan(const char *path, uint64_t *bytes)
{
	struct stat status;
	void *map = NULL;
	int fd = (int)sys_open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return NULL;
	if (sys_fstat(fd, &status) == 0 && (uint64_t)status.st_size >= sizeof *plan) {
		*bytes = (uint64_t)status.st_size;
		address_space_take(*bytes);
		map = sys_mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	}
	sys_close(fd);
	return map;
}

static bool stack_is_sound(const struct rt_plan_stack *stack)
{
	return stack->first <= plan->frames && stack->count <= plan->frames - stack->first;
}

static bool cycle_is_sound(const struct rt_plan_cycle *cycle)
{
	return cycle->first <= plan->edges && cycle->edges <= plan->edges - cycle->first && cycle->group < plan->cycles;
}

static bool edge_is_sound(const struct rt_plan_edge *edge)
{
	return stack_is_sound(&edge->held) && stack_is_sound(&edge->wanted) && edge->cycle < plan->cycles;
}

static bool parts_are_sound(void)
{
	for (uint32_t i = 0; i < plan->cycles; i++)
		if (!cycle_is_sound(&cycles[i]))
			return false;
	for (uint32_t i = 0; i < plan->edges; i++)
		if (!edge_is_sound(&edges[i]))
			return false;
	for (uint32_t i = 0; i < plan->frames; i++)
		if (frames[i].module > plan->modules)
			return false;
	return true;
}

static bool is_sound(uint64_t bytes)
{
	if (memcmp(plan->magic, RT_PLAN_MAGIC, sizeof plan->magic) || plan->version != RT_PLAN_VERSION ||
	    plan->bytes != bytes)
		return false;
	uint64_t needed = sizeof *plan + plan->modules * sizeof *modules + plan->cycles * (uint64_t)sizeof *cycles +
	                  plan->edges * (uint64_t)sizeof *edges + plan->frames * (uint64_t)sizeof *frames;
	if (needed != bytes)
		return false;
	modules = (const struct rt_plan_module *)(plan + 1);
	cycles = (struct rt_plan_cycle *)(modules + plan->modules);
	edges = (struct rt_plan_edge *)(cycles + plan->cycles);
	frames = (const struct rt_plan_frame *)(edges + plan->edges);
	return parts_are_sound();
}

static void mark_place(const struct rt_plan_stack *stack)
{
	if (!stack->count)
		return;
	uint64_t low = frames[stack->first].offset % LOW_BITS;
	places[low / 8] |= (uint8_t)(1u << low % 8);
}

static bool start_plan(void)
{
	uint64_t bytes = 0;
	plan = map_plan(options.plan, &bytes);
	if (!plan || !is_sound(bytes)) {
		message_once("no thread will be held up: cannot use the plan", options.plan);
		return false;
	}
	for (uint32_t i = 0; i < plan->edges; i++) {
		mark_place(&edges[i].held);
		mark_place(&edges[i].wanted);
	}
	return true;
}

void confirm_start_up(void)
{
	confirm_mode = options.locks ? LOCKS_RECORDED : LOCKS_IGNORED;
	if (options.locks && options.plan[0] && start_plan())
		confirm_mode = LOCKS_CONFIRMED;
}

/* ---- stacks --------------------------------------------------------------------------- */

static bool is_frame(const struct rt_plan_frame *planned, const struct rt_pc *pc)
{
	if (!planned->module)
		return !pc->module;
	if (!pc->module)
		return false;
	const struct rt_module *module = &process->modules[pc->module - 1];
	return (load_relaxed(&pc->key) & RT_PC_ADDRESS) - module->bias == planned->offset &&
	       rt_plan_has_module(&modules[planned->module - 1], module);
}

/* Compares the frames that both stacks have: either may have been cut. */
static bool is_stack(const struct rt_plan_stack *planned, uint32_t node)
{
	uint32_t i = 0;
	for (; i < planned->count && node >= RT_NODE_FIRST; i++) {
		uint64_t entry = load_acquire(&process->nodes[node - RT_NODE_FIRST]);
		if (!is_frame(&frames[planned->first + i], &process->pcs[(uint32_t)entry - 1]))
			return false;
		node = (uint32_t)(entry >> 32);
	}
	if (!planned->count)
		return false;
	return i == planned->count ? planned->cut || node < RT_NODE_FIRST : node == RT_ROOT_DEPTH;
}

static uint32_t stack_here(struct thread *self, const struct caller *caller)
{
	unsigned lane = thread_enter(self, (uintptr_t)__builtin_frame_address(0));
	uint32_t stack = lane == 0 ? stack_capture(&self->stack, lane, caller) : RT_STACK_NONE;
	thread_leave(self, lane);
	return stack;
}

/* ---- the thread's own state --------------------------------------------------------------- */

static size_t state_bytes(void) { return sizeof(struct confirm_state) + plan->edges * sizeof(struct confirm_edge); }

static struct confirm_state *state_of(struct thread *self)
{
	if (!self->confirm) {
		address_space_take(state_bytes());
		struct confirm_state *state =
		    sys_mmap(NULL, state_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		store_release(&self->confirm, state);
	}
	return self->confirm;
}

void confirm_forget(struct thread *thread)
{
	if (thread->confirm)
		memset(thread->confirm, 0, state_bytes());
}

/* ---- turns ----------------------------------------------------------------------------------- */

static struct rt_plan_cycle *group_of(uint32_t cycle) { return &cycles[cycles[cycle].group]; }

static bool has_turn(uint32_t cycle) { return load_relaxed(&group_of(cycle)->turn) == cycle; }

/* True if the cycle can hold no thread up any more. */
static bool is_used_up(uint32_t cycle)
{
	const struct rt_plan_cycle *c = &cycles[cycle];
	for (uint32_t i = c->first; i < c->first + c->edges; i++)
		if (!(edges[i].flags & RT_PLAN_AHEAD) && load_relaxed(&edges[i].held_up) < plan->hold_most)
			return false;
	return true;
}

static bool is_over(const struct rt_plan_cycle *group, uint32_t turn, uint64_t now)
{
	uint64_t quiet = QUIET_HOLDS * plan->hold_ms * UINT64_C(1000000);
	return is_used_up(turn) || now >= load_relaxed(&group->latest_ns) + quiet;
}

/* The cycle of the group whose turn is next; the one in turn if all others are used up. */
static uint32_t next_turn(uint32_t group, uint32_t turn)
{
	uint32_t next = turn;
	for (uint32_t i = 0; i < plan->cycles; i++) {
		next++;
		if (next >= plan->cycles || cycles[next].group != group)
			next = group;
		if (!is_used_up(next))
			return next;
	}
	return turn;
}

/* A thread came to an edge of the cycle.  Passes the turn if it is another cycle's and over.  True if it is this one's
 * then. */
static bool take_turn(uint32_t cycle)
{
	struct rt_plan_cycle *group = group_of(cycle);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint32_t turn = load_relaxed(&group->turn);
	if (!load_relaxed(&group->latest_ns))
		store_relaxed(&group->latest_ns, now);
	if (turn != cycle && is_over(group, turn, now) &&
	    cas_acq_rel(&group->turn, turn, next_turn(cycles[cycle].group, turn)))
		store_relaxed(&group->latest_ns, now);
	return has_turn(cycle);
}

/* The cycles in turn hold the thread up, or have done so. */
static void note_turns(const struct confirm_state *state)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	for (uint32_t i = 0; i < plan->edges; i++)
		if (load_relaxed(&state->edges[i].armed) && has_turn(edges[i].cycle))
			store_relaxed(&group_of(edges[i].cycle)->latest_ns, now);
}

/* ---- holding threads up ------------------------------------------------------------------------- */

static bool has(const struct confirm_state *state, uintptr_t lock)
{
	for (uint32_t i = 0; i < plan->edges; i++)
		if (load_relaxed(&state->edges[i].armed) && load_relaxed(&state->edges[i].held) == lock)
			return true;
	return false;
}

static struct confirm_state *held_up_with(uintptr_t lock)
{
	for (struct thread *t = thread_first(); t; t = thread_next(t)) {
		struct confirm_state *state = load_acquire(&t->confirm);
		if (state && load_acquire(&state->step) == HELD_UP && has(state, lock))
			return state;
	}
	return NULL;
}

/* True if a writer waits until the readers are gone, so that a reader that comes now waits behind it.  glibc's rdlock
 * looks at the same bits. */
static bool has_writer_waiting(uintptr_t rwlock)
{
	unsigned readers = load_relaxed(&((pthread_rwlock_t *)rwlock)->__data.__readers);
	return (readers & (RWLOCK_WRITE_PHASE | RWLOCK_WRITER)) == RWLOCK_WRITER;
}

/* True if the thread would wait for its lock if it went on, as long as the lock's holder does not give it back. */
static bool would_wait(const struct confirm_state *state)
{
	return !load_relaxed(&state->behind) || has_writer_waiting(load_relaxed(&state->wanted));
}

/* True if following each thread's wanted lock to its holder leads back to the first. */
static bool closes(const struct confirm_state *first)
{
	const struct confirm_state *state = first;
	for (uint32_t steps = 0; state && steps < plan->edges; steps++) {
		if (!would_wait(state))
			return false;
		if (has(first, load_relaxed(&state->wanted)))
			return true;
		state = held_up_with(load_relaxed(&state->wanted));
	}
	return false;
}

static void let_go(struct confirm_state *state)
{
	for (uint32_t i = 0; i < plan->edges; i++)
		if (load_relaxed(&state->edges[i].armed))
			fetch_add_relaxed(&edges[i].met, 1);
	store_release(&state->step, LET_GO);
	sys_call6(SYS_futex, (long)&state->step, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
}

/* Lets all threads of the cycle go.  The first is the last to go, because the others are found through it. */
static void let_all_go(struct confirm_state *first)
{
	uintptr_t wanted = load_relaxed(&first->wanted);
	while (!has(first, wanted)) {
		struct confirm_state *state = held_up_with(wanted);
		if (!state)
			break;
		wanted = load_relaxed(&state->wanted);
		let_go(state);
	}
	let_go(first);
}

static void wait_until(struct confirm_state *state, uint64_t ns)
{
	struct timespec until = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
	sys_call6(SYS_futex, (long)&state->step, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, HELD_UP, (long)&until, 0,
	          (long)FUTEX_BITSET_MATCH_ANY);
}

static void wait_to_be_let_go(struct confirm_state *state)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), end = now + plan->hold_ms * UINT64_C(1000000);
	while (now < end && load_acquire(&state->step) == HELD_UP) {
		wait_until(state, state->behind && end - now > LOOK_NS ? now + LOOK_NS : end);
		if (state->behind && load_acquire(&state->step) == HELD_UP && closes(state))
			let_all_go(state);
		now = clock_ns(CLOCK_MONOTONIC);
	}
}

/* True if one of the edges may hold threads up once more. */
static bool may_wait(const struct confirm_state *state)
{
	bool may = false;
	for (uint32_t i = 0; i < plan->edges; i++)
		if (state->edges[i].armed && take_turn(edges[i].cycle) &&
		    fetch_add_relaxed(&edges[i].held_up, 1) < plan->hold_most)
			may = true;
	return may;
}

static void wait_in_turn(struct confirm_state *state)
{
	note_turns(state);
	wait_to_be_let_go(state);
	note_turns(state);
}

/* The fence: if two threads arrive at the same time, at least one of them sees the other. */
static void hold_up(struct confirm_state *state, uintptr_t wanted)
{
	store_relaxed(&state->wanted, wanted);
	store_release(&state->step, HELD_UP);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (closes(state))
		let_all_go(state);
	else if (may_wait(state))
		wait_in_turn(state);
	store_release(&state->step, GOES_ON);
}

/* ---- calls ------------------------------------------------------------------------------- */

/* A reader may want the lock that it has already, a writer that is to wait ahead has none. */
static bool is_at(const struct rt_plan_edge *planned, const struct confirm_edge *edge, uint32_t stack, uintptr_t wanted)
{
	if (!(planned->flags & RT_PLAN_AHEAD) &&
	    (!edge->held || (edge->held == wanted && !(planned->flags & RT_PLAN_BEHIND))))
		return false;
	return is_stack(&planned->wanted, stack);
}

static bool arm(struct confirm_state *state, uint32_t stack, uintptr_t wanted)
{
	bool any = false, behind = true;
	for (uint32_t i = 0; i < plan->edges; i++) {
		struct confirm_edge *edge = &state->edges[i];
		if (edges[i].held_kind == RT_KIND_THREAD)
			edge->held = (uintptr_t)pthread_self();
		if (!is_at(&edges[i], edge, stack, wanted))
			continue;
		fetch_add_relaxed(&edges[i].reached, 1);
		if (edges[i].flags & RT_PLAN_AHEAD)
			continue;
		edge->armed = 1;
		any = true;
		behind &= (edges[i].flags & RT_PLAN_BEHIND) != 0;
	}
	store_relaxed(&state->behind, behind);
	return any;
}

static void disarm(struct confirm_state *state)
{
	for (uint32_t i = 0; i < plan->edges; i++)
		store_relaxed(&state->edges[i].armed, 0);
}

static void note(struct confirm_state *state, uint32_t stack, uintptr_t taken)
{
	for (uint32_t i = 0; i < plan->edges; i++)
		if (is_stack(&edges[i].held, stack))
			state->edges[i].held = taken;
}

static void at_place(struct thread *self, const struct caller *caller, uintptr_t object, unsigned flags)
{
	struct confirm_state *state = state_of(self);
	if (!state || state->busy)
		return;
	state->busy = 1;
	uint32_t stack = stack_here(self, caller);
	if (!(flags & (RT_SYNC_TRY | RT_SYNC_TIMED)) && arm(state, stack, object))
		hold_up(state, object);
	disarm(state);
	note(state, stack, object);
	state->busy = 0;
}

struct thread *confirm_take(struct thread *self, const struct caller *caller, const void *object, unsigned flags)
{
	if (confirm_mode == LOCKS_IGNORED)
		return NULL;
	uintptr_t low = caller->pc % LOW_BITS;
	if (self && !self->nesting && !sys_restricted && places[low / 8] & 1u << low % 8)
		at_place(self, caller, (uintptr_t)object, flags);
	return self;
}

struct thread *confirm_give(struct thread *self, const void *object)
{
	if (confirm_mode == LOCKS_IGNORED)
		return NULL;
	if (!self || !self->confirm)
		return self;
	for (uint32_t i = 0; i < plan->edges; i++)
		if (self->confirm->edges[i].held == (uintptr_t)object)
			self->confirm->edges[i].held = 0;
	return self;
}
