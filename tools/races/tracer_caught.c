/*
 * What is written down when two threads are caught: the two sides, their stacks, and the value before and after.
 *
 * The first time that a pair of sites is caught, both threads are stopped in front of their accesses, and their stacks
 * are walked.  Then one access is made after the other, by way of slots that stop behind the copy (text_stop_slot), and
 * the value is read after each.  All other threads run on meanwhile.
 *
 * A read that may be the poll of a loop goes first, while the write is still held up: if the same thread then comes
 * back to read the same address, it polls.
 */
#include "tools/races/tracer_parts.h"

#if defined(__x86_64__)

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/format.h"
#include "tools/base/memory.h"

#define FOLLOWED_TIMES 3u /* that the value after is tried to be read, for each pair */

/* ---- the sides ------------------------------------------------------------------------------------- */

static bool same_access(const struct races_side *side, const struct traced *thread)
{
	return side->tid == (uint32_t)thread->tid && side->address == thread->accesses[0].address;
}

static void walk_stack(struct session *session, const struct traced *thread, struct races_side *side)
{
	bool whole;

	if (!session->unwinder)
		session->unwinder = unwinder_new(session->pid, session->text.memory);
	side->frames = unwinder_walk(session->unwinder, &thread->registers, side->stack, RACES_FRAMES, &whole);
	side->stack_is_whole = whole;
}

static struct races_side side_of(struct session *session, const struct traced *thread, unsigned access)
{
	const struct race_site *site = &session->text.sites->items[thread->site];
	struct races_side side = {
	    .pc = text_address(&session->text, thread->site),
	    .address = thread->accesses[access].address,
	    .size = thread->accesses[access].size,
	    .tid = (uint32_t)thread->tid,
	    .compilers = session->text.compilers,
	    .reads = thread->accesses[access].reads,
	    .writes = thread->accesses[access].writes,
	    .shape = (uint8_t)site->shape,
	    .locked_nearby = race_site_is_locked_nearby(session->text.sites, site),
	};

	walk_stack(session, thread, &side);
	return side;
}

/* ---- the value ------------------------------------------------------------------------------------- */

static uint32_t read_value(const struct session *session, const struct races_caught *caught, uint8_t value[RACES_VALUE])
{
	const struct races_side *a = &caught->sides[0], *b = &caught->sides[1];
	uint64_t end_a = a->address + a->size, end_b = b->address + b->size, end = end_a < end_b ? end_a : end_b;
	uint64_t bytes = end - caught->value_address;
	ssize_t got =
	    pread(session->text.memory, value, bytes < RACES_VALUE ? bytes : RACES_VALUE, (off_t)caught->value_address);

	return got > 0 ? (uint32_t)got : 0;
}

/* The bytes that both access, before either did. */
static void read_before(const struct session *session, struct races_caught *caught)
{
	const struct races_side *a = &caught->sides[0], *b = &caught->sides[1];

	caught->value_address = a->address > b->address ? a->address : b->address;
	caught->value_bytes = read_value(session, caught, caught->before);
}

static bool is_as_before(const struct races_caught *caught, const uint8_t value[RACES_VALUE])
{
	return !memcmp(caught->before, value, caught->value_bytes);
}

/* One of the two accesses has been made.  The value now counts if it is not the one before: the second access may bring
 * that back. */
static void read_between(const struct session *session, struct races_caught *caught)
{
	caught->value_after_known = false;
	if (read_value(session, caught, caught->after) != caught->value_bytes)
		memcpy(caught->after, caught->before, RACES_VALUE);
}

static void read_after(const struct session *session, struct races_caught *caught)
{
	uint8_t value[RACES_VALUE] = {0};

	if (!caught->value_bytes || read_value(session, caught, value) != caught->value_bytes)
		return;
	if (is_as_before(caught, caught->after) || !is_as_before(caught, value))
		memcpy(caught->after, value, RACES_VALUE);
	caught->value_after_known = true;
}

/* Has the thread, which stands in front of its access, stop behind it. */
static bool stop_behind(struct session *session, struct traced *thread, uint32_t pair, pid_t partner)
{
	uint64_t slot = thread->elsewhere ? 0 : text_stop_slot(&session->text, thread->site);

	if (!slot)
		return false;
	if (ptrace(PTRACE_POKEUSER, thread->tid, (void *)offsetof(struct user_regs_struct, rip), (void *)slot))
		return false;
	thread->pair = 1 + pair;
	thread->partner = partner;
	return true;
}

bool caught_behind(struct session *session, struct traced *thread, uint64_t rip, uint64_t now)
{
	if (text_stopped_behind(&session->text, rip) == TEXT_NO_SITE)
		return false;
	uint32_t pair = thread->pair - 1;
	struct traced *partner = thread->partner ? session_find(session, thread->partner) : NULL;
	bool first = partner && partner->held && partner->pair == thread->pair;

	thread->pair = 0;
	thread->partner = 0;
	if (pair < RACES_KEPT && first)
		read_between(session, &session->shared->caught[pair]);
	else if (pair < RACES_KEPT)
		read_after(session, &session->shared->caught[pair]);
	if (first) {
		partner->pair = 0;
		stop_behind(session, partner, pair, 0);
		holds_end(session, partner, now);
	}
	session_let_go(session, thread);
	return true;
}

/* ---- polling ----------------------------------------------------------------------------------------- */

static bool may_poll(const struct session *session, const struct races_side *side, const struct traced *thread)
{
	return side->reads && !side->writes && !side->polls &&
	       race_site_may_poll(session->text.sites, &session->text.sites->items[thread->site]);
}

/* True if the side's thread is to go on first, so that its next read shows whether it polls. */
static bool ask(struct session *session, uint32_t pair, unsigned number, const struct traced *thread)
{
	struct races_side *side = &session->shared->caught[pair].sides[number];
	struct pair *known = &session->known[pair];

	if (known->asked[number] || !may_poll(session, side, thread))
		return false;
	known->asked[number] = true;
	if (thread->repeats) {
		side->polls = true;
		return false;
	}
	struct asked *asked = &session->asked[session->asked_next++ % ASKED_MOST];
	*asked = (struct asked){.tid = thread->tid, .site = thread->site, .pair = pair, .side = (uint8_t)number};
	return true;
}

void caught_look(struct session *session, const struct traced *thread)
{
	for (unsigned i = 0; i < ASKED_MOST; i++) {
		struct asked *asked = &session->asked[i];
		if (asked->tid != thread->tid || asked->site != thread->site)
			continue;
		struct races_side *side = &session->shared->caught[asked->pair].sides[asked->side];
		side->polls |= same_access(side, thread);
		asked->tid = 0;
	}
}

bool caught_waits_for(const struct session *session, uint32_t site)
{
	for (unsigned i = 0; i < ASKED_MOST; i++)
		if (session->asked[i].tid && session->asked[i].site == site)
			return true;
	return false;
}

/* ---- pairs -------------------------------------------------------------------------------------------- */

/* The index of the pair of these two sites, which is made if it is new.  RACES_KEPT: there is no room. */
static uint32_t pair_of(struct session *session, const struct traced *held, unsigned of_held, const struct traced *met,
                        unsigned own, uint64_t now)
{
	struct races_file *shared = session->shared;
	uint64_t counter = rt_counter();
	uint32_t low = held->site < met->site ? held->site : met->site, high = held->site + met->site - low;
	uint64_t key = (uint64_t)low << 32 | high, index = u64_map_get(&session->pairs, key);

	if (index) {
		if (index <= RACES_KEPT)
			shared->caught[index - 1].times++;
		return index <= RACES_KEPT ? (uint32_t)index - 1 : RACES_KEPT;
	}
	uint32_t pair = shared->count < RACES_KEPT ? shared->count : RACES_KEPT;
	u64_map_put(&session->pairs, key, shared->count + 1);
	if (pair < RACES_KEPT) {
		struct races_caught *caught = &shared->caught[pair];
		if (!session->known)
			session->known = memory_zeroed(RACES_KEPT, sizeof *session->known);
		*caught = (struct races_caught){
		    .at_ns = now,
		    .at_counter = counter,
		    .held_ns = now - held->held_since,
		    .times = 1,
		    .proof = RACES_MET,
		    .sides = {side_of(session, held, of_held), side_of(session, met, own)},
		};
		read_before(session, caught);
	}
	__atomic_store_n(&shared->count, shared->count + 1, __ATOMIC_RELEASE);
	return pair;
}

/* A pair that is caught again may have its threads on the other sides. */
static unsigned side_number(const struct session *session, uint32_t pair, const struct traced *thread)
{
	return session->shared->caught[pair].sides[1].pc == text_address(&session->text, thread->site);
}

/* Keeps the thread that came, and lets the one go that was held. */
static void exchange(struct session *session, struct traced *held, struct traced *met, uint64_t now)
{
	waitpid(met->tid, NULL, __WALL | WNOHANG);
	holds_end(session, held, now);
	holds_begin(session, met, now);
}

void caught_meet(struct session *session, struct traced *held, unsigned of_held, struct traced *met, unsigned own,
                 uint64_t now)
{
	uint32_t pair = pair_of(session, held, of_held, met, own, now);
	struct races_caught *caught = &session->shared->caught[pair];

	if (pair == RACES_KEPT) {
		holds_end(session, held, now);
	} else if (ask(session, pair, side_number(session, pair, met), met)) {
		session_let_go(session, met);
		return;
	} else if (ask(session, pair, side_number(session, pair, held), held)) {
		exchange(session, held, met, now);
		return;
	} else if (!caught->value_after_known && session->known[pair].followed++ < FOLLOWED_TIMES &&
	           stop_behind(session, met, pair, held->tid)) {
		held->pair = 1 + pair;
	} else {
		holds_end(session, held, now);
	}
	session_let_go(session, met);
}

#endif
