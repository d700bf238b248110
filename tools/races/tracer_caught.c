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

static void walk_stack(struct session *session, const struct user_regs_struct *registers, struct races_side *side)
{
	bool whole;

	if (!session->unwinder)
		session->unwinder = unwinder_new(session->pid, session->text.memory);
	side->frames = unwinder_walk(session->unwinder, registers, side->stack, RACES_FRAMES, &whole);
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
	    .locked_nearby = race_site_is_locked_nearby(session->text.sites, site) ||
	                     samples_are_locked(session, thread->accesses[access].address),
	};

	walk_stack(session, &thread->registers, &side);
	return side;
}

/* ---- the value ------------------------------------------------------------------------------------- */

/* The first byte that both access, and the one behind the last. */
static uint64_t start_of_both(const struct races_caught *caught)
{
	const struct races_side *a = &caught->sides[0], *b = &caught->sides[1];

	return a->address > b->address ? a->address : b->address;
}

static uint64_t end_of_both(const struct races_caught *caught)
{
	const struct races_side *a = &caught->sides[0], *b = &caught->sides[1];
	uint64_t end_a = a->address + a->size, end_b = b->address + b->size;

	return end_a < end_b ? end_a : end_b;
}

static uint32_t read_value(const struct session *session, const struct races_caught *caught, uint8_t value[RACES_VALUE])
{
	uint64_t bytes = end_of_both(caught) - caught->value_address;
	ssize_t got =
	    pread(session->text.memory, value, bytes < RACES_VALUE ? bytes : RACES_VALUE, (off_t)caught->value_address);

	return got > 0 ? (uint32_t)got : 0;
}

/* The bytes that both access, before either did. */
static void read_before(const struct session *session, struct races_caught *caught)
{
	caught->value_address = start_of_both(caught);
	caught->value_bytes = read_value(session, caught, caught->before);
}

/* The other thread has made its access already: the bytes are those that were there when the hold began. */
static void take_value(struct races_caught *caught, const struct traced *held)
{
	uint64_t start = start_of_both(caught), from = start - held->accesses[held->watched].address;

	caught->value_address = start;
	if (from < held->before_bytes) {
		uint64_t bytes = end_of_both(caught) - start, known = held->before_bytes - from;
		caught->value_bytes = (uint32_t)(bytes < known ? bytes : known);
		memcpy(caught->before, held->before + from, caught->value_bytes);
	}
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

static bool may_poll(const struct session *session, const struct races_side *side, uint32_t site)
{
	return side->reads && !side->writes && !side->polls &&
	       race_site_may_poll(session->text.sites, &session->text.sites->items[site]);
}

/* True, once for each side: the thread's next read at this site is to show whether it polls, so it is to go on first.
 * Until then it counts as a poll: a flag must not be taken for data. */
static bool ask_of(struct session *session, uint32_t pair, unsigned number, pid_t tid, uint32_t site, bool stands)
{
	struct pair *known = &session->known[pair];

	if (known->asked[number] || !may_poll(session, &session->shared->caught[pair].sides[number], site))
		return false;
	known->asked[number] = true;
	session->shared->caught[pair].sides[number].polls = true;
	text_wake_site(&session->text, site);
	struct asked *asked = &session->asked[session->asked_next++ % ASKED_MOST];
	*asked = (struct asked){.tid = tid, .site = site, .pair = pair, .side = (uint8_t)number, .stood = stands};
	return true;
}

/* A thread that was there before, with nothing in between, has answered already. */
static bool ask(struct session *session, uint32_t pair, unsigned number, const struct traced *thread)
{
	return ask_of(session, pair, number, thread->tid, thread->site, true) && !thread->repeats;
}

void caught_look(struct session *session, pid_t tid, uint32_t site, uint64_t address)
{
	for (unsigned i = 0; i < ASKED_MOST; i++) {
		struct asked *asked = &session->asked[i];
		if (asked->tid != tid || asked->site != site)
			continue;
		struct races_side *side = &session->shared->caught[asked->pair].sides[asked->side];
		side->polls = side->tid == (uint32_t)tid && side->address == address;
		asked->tid = 0;
	}
}

/* True if a thread that was asked in front of its read is now behind that. */
static bool is_read_asked_about(struct session *session, pid_t tid, uint32_t site)
{
	for (unsigned i = 0; i < ASKED_MOST; i++) {
		struct asked *asked = &session->asked[i];
		if (asked->tid != tid || asked->site != site || !asked->stood)
			continue;
		asked->stood = false;
		return true;
	}
	return false;
}

bool caught_waits_for(const struct session *session, uint32_t site)
{
	for (unsigned i = 0; i < ASKED_MOST; i++)
		if (session->asked[i].tid && session->asked[i].site == site)
			return true;
	return false;
}

/* ---- pairs -------------------------------------------------------------------------------------------- */

/* The index of the pair of these two places, which is new if *made.  RACES_KEPT: there is no room, it is only counted.
 */
static uint32_t pair_of(struct session *session, uint32_t one, uint32_t other, bool *made)
{
	struct races_file *shared = session->shared;
	uint32_t low = one < other ? one : other, high = one + other - low;
	uint64_t key = (uint64_t)low << 32 | high, index = u64_map_get(&session->pairs, key);

	*made = false;
	if (index && index <= RACES_KEPT)
		shared->caught[index - 1].times++;
	if (index)
		return index <= RACES_KEPT ? (uint32_t)index - 1 : RACES_KEPT;
	u64_map_put(&session->pairs, key, shared->count + 1);
	*made = shared->count < RACES_KEPT;
	if (!*made)
		__atomic_store_n(&shared->count, shared->count + 1, __ATOMIC_RELEASE);
	if (!session->known)
		session->known = memory_zeroed(RACES_KEPT, sizeof *session->known);
	return *made ? shared->count : RACES_KEPT;
}

/* The pair is complete: a reader of the file may see it. */
static void publish(struct session *session, const struct traced *held)
{
	session->text.states[held->site].caught = true;
	__atomic_store_n(&session->shared->count, session->shared->count + 1, __ATOMIC_RELEASE);
}

/* A pair that is caught again may have its threads on the other sides. */
static unsigned side_at(const struct session *session, uint32_t pair, uint32_t site)
{
	return session->shared->caught[pair].sides[1].pc == text_address(&session->text, site);
}

/* Keeps the thread that came, and lets the one go that was held. */
static void exchange(struct session *session, struct traced *held, struct traced *met, uint64_t now)
{
	waitpid(met->tid, NULL, __WALL | WNOHANG);
	holds_end(session, held, now);
	holds_begin(session, met, session->options.hold_ns, now);
}

static bool covers(const struct traced *thread, uint64_t address)
{
	for (unsigned i = 0; i < thread->access_count; i++)
		if (address - thread->accesses[i].address < thread->accesses[i].size)
			return true;
	return false;
}

/* True if the value after the accesses is still to be had, and these threads are at the same memory. */
static bool is_to_follow(struct session *session, uint32_t pair, const struct traced *held)
{
	const struct races_caught *caught = &session->shared->caught[pair];

	return !caught->value_after_known && covers(held, caught->value_address) &&
	       session->known[pair].followed++ < FOLLOWED_TIMES;
}

void caught_meet(struct session *session, struct traced *held, unsigned of_held, struct traced *met, unsigned own,
                 uint64_t now)
{
	uint64_t counter = rt_counter();
	bool made;
	uint32_t pair = pair_of(session, held->site, met->site, &made);
	struct races_caught *caught = &session->shared->caught[pair];

	if (made) {
		*caught = (struct races_caught){
		    .at_ns = now,
		    .at_counter = counter,
		    .held_ns = now - held->held_since,
		    .times = 1,
		    .proof = RACES_MET,
		    .sides = {side_of(session, held, of_held), side_of(session, met, own)},
		};
		read_before(session, caught);
		session->text.states[met->site].caught = true;
		publish(session, held);
	}
	if (pair == RACES_KEPT) {
		holds_end(session, held, now);
	} else if (ask(session, pair, side_at(session, pair, met->site), met)) {
		session_let_go(session, met);
		return;
	} else if (ask(session, pair, side_at(session, pair, held->site), held)) {
		exchange(session, held, met, now);
		return;
	} else if (covers(met, caught->value_address) && is_to_follow(session, pair, held) &&
	           stop_behind(session, met, pair, held->tid)) {
		held->pair = 1 + pair;
	} else {
		holds_end(session, held, now);
	}
	session_let_go(session, met);
}

/* ---- by a watchpoint ---------------------------------------------------------------------------------- */

void caught_watched(struct session *session, struct traced *held, struct traced *other,
                    const struct user_regs_struct *registers, uint64_t now)
{
	uint64_t counter = rt_counter();
	struct behind behind = behind_find(session, held, registers);
	bool made;

	if (behind.site != TEXT_NO_SITE && is_read_asked_about(session, other->tid, behind.site))
		return;
	if (behind.site != TEXT_NO_SITE && session->text.sites->items[behind.site].locked)
		samples_note_lock(session, behind.side.address);
	uint32_t pair = pair_of(session, held->site, behind.place, &made);
	struct races_caught *caught = &session->shared->caught[pair];
	if (made) {
		behind_describe(session, held, &behind);
		behind.side.tid = (uint32_t)other->tid;
		walk_stack(session, &behind.registers, &behind.side);
		*caught = (struct races_caught){
		    .at_ns = now,
		    .at_counter = counter,
		    .held_ns = now - held->held_since,
		    .times = 1,
		    .proof = RACES_WATCHED,
		    .sides = {side_of(session, held, held->watched), behind.side},
		};
		take_value(caught, held);
		if (behind.site != TEXT_NO_SITE)
			session->text.states[behind.site].caught = true;
		publish(session, held);
		ask(session, pair, 0, held); /* it goes second, and reads the new value: it may not come back */
	}
	if (behind.site != TEXT_NO_SITE)
		caught_look(session, other->tid, behind.site, behind.side.address);
	if (pair < RACES_KEPT && behind.site != TEXT_NO_SITE &&
	    ask_of(session, pair, side_at(session, pair, behind.site), other->tid, behind.site, false))
		return;
	if (pair < RACES_KEPT && is_to_follow(session, pair, held)) {
		read_between(session, caught);
		stop_behind(session, held, pair, 0);
	}
	holds_end(session, held, now);
}

/* ---- by the value -------------------------------------------------------------------------------------- */

#define CHANGES_MOST 64u

void caught_change(struct session *session, const struct traced *held, uint64_t now)
{
	const struct race_access *access = &held->accesses[held->watched];

	if (!session->changes) {
		session->changes = memory_zeroed(CHANGES_MOST, sizeof *session->changes);
		session->change_sites = memory_zeroed(CHANGES_MOST, sizeof *session->change_sites);
	}
	for (unsigned i = 0; i < session->change_count; i++)
		if (session->change_sites[i] == held->site) {
			session->changes[i].times++;
			return;
		}
	if (session->change_count == CHANGES_MOST || session->text.states[held->site].caught)
		return;
	struct races_caught *change = &session->changes[session->change_count];
	*change = (struct races_caught){
	    .at_ns = now,
	    .at_counter = rt_counter(),
	    .held_ns = now - held->held_since,
	    .times = 1,
	    .proof = RACES_VALUE_CHANGED,
	    .value_bytes = held->before_bytes,
	    .value_address = access->address,
	    .sides[0] = side_of(session, held, held->watched),
	};
	memcpy(change->before, held->before, held->before_bytes);
	ssize_t got = pread(session->text.memory, change->after, held->before_bytes, (off_t)access->address);
	change->value_after_known = got == (ssize_t)held->before_bytes;
	change->sides[0].polls = may_poll(session, &change->sides[0], held->site);
	session->change_sites[session->change_count++] = held->site;
}

void caught_end(struct session *session)
{
	struct races_file *shared = session->shared;

	for (unsigned i = 0; i < session->change_count && shared->count < RACES_KEPT; i++)
		if (!session->text.states[session->change_sites[i]].caught) {
			shared->caught[shared->count] = session->changes[i];
			__atomic_store_n(&shared->count, shared->count + 1, __ATOMIC_RELEASE);
		}
	session->change_count = 0;
}

#endif
