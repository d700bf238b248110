#include "tools/analyse/locks/libc_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/analyse/locks/sync_order.h"
#include "tools/base/memory.h"

#define USES_KEPT     1024u /* calls to which later ones are compared */
#define LEFT_KEPT     256u
#define MEETINGS_KEPT 256u
#define LABEL_ROOM    64

enum access { NO, READS, WRITES, LOCKED, MAY, LOCKED_MAY };

enum state { /* as the rows of the table */
#define LIBC_STATE(id, text) STATE_##id,
#include "shim/libc_state.def"
	     STATES
};

static const char *const state_texts[] = {
#define LIBC_STATE(id, text) text,
#include "shim/libc_state.def"
};

static const struct function {
	const char *name;
	uint8_t states[2], access[2];
} functions[] = {
#define LIBC_FUNCTION(id, name, state, access, further, further_access)                                                \
	{name, {STATE_##state, STATE_##further}, {access, further_access}},
#include "shim/libc_state.def"
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

struct use { /* a call */
	uint32_t function, number;
	uint64_t key; /* the stream that it uses; 0: none */
	uint32_t segment;
	bool gone; /* the stream was closed */
	struct finding_side side;
};

struct left {
	struct use use;
	bool unchanged;
};

struct libc_meeting { /* the first thread was within a call when the second began one */
	uint32_t thread, number;
	struct use second;
};

struct libc_uses {
	struct use uses[USES_KEPT];
	struct left left[LEFT_KEPT];
	struct libc_meeting meetings[MEETINGS_KEPT];
	uint64_t use_count, left_count, meeting_count;
};

void libc_uses_free(struct libc_uses *uses) { free(uses); }

/* ---- what two functions share ------------------------------------------------------------------- */

enum conflict { NONE_AT_ALL, POSSIBLE, CERTAIN };

static bool is_locked(unsigned access) { return access == LOCKED || access == LOCKED_MAY; }
static bool is_possible(unsigned access) { return access == MAY || access == LOCKED_MAY; }

static enum conflict conflict_of(unsigned one, unsigned other)
{
	if (one == NO || other == NO || (one == READS && other == READS) || (is_locked(one) && is_locked(other)))
		return NONE_AT_ALL;
	return is_possible(one) || is_possible(other) ? POSSIBLE : CERTAIN;
}

/* *state: what the conflict is about. */
static enum conflict conflict_between(const struct use *one, const struct use *other, unsigned *state)
{
	const struct function *a = &functions[one->function], *b = &functions[other->function];
	enum conflict found = NONE_AT_ALL;

	if (one->key != other->key)
		return NONE_AT_ALL;
	for (unsigned i = 0; i < 4; i++) {
		unsigned of_a = i / 2, of_b = i % 2;
		enum conflict conflict =
		    a->states[of_a] == b->states[of_b] ? conflict_of(a->access[of_a], b->access[of_b]) : NONE_AT_ALL;

		if (conflict > found) {
			found = conflict;
			*state = a->states[of_a];
		}
	}
	return found;
}

static bool reads_only(uint32_t function, unsigned state)
{
	const struct function *f = &functions[function];

	return f->access[f->states[0] == state ? 0 : 1] == READS;
}

/* ---- findings -------------------------------------------------------------------------------------- */

static void describe(struct finding *finding, const struct use *one, const struct use *other, unsigned state)
{
	const char *first = functions[one->function].name, *second = functions[other->function].name;
	const char *text = state_texts[state];

	if (finding->class == FINDING_RACE_LIBC_STATE && !strcmp(first, second))
		finding_message(finding, "two threads are in %s at the same time: both calls use %s", first, text);
	else if (finding->class == FINDING_RACE_LIBC_STATE)
		finding_message(finding, "one thread is in %s and another in %s at the same time: both calls use %s",
		                first, second, text);
	else if (!strcmp(first, second))
		finding_message(
		    finding,
		    "two threads call %s, which uses %s, and no common lock or other synchronisation that is "
		    "seen keeps the calls apart",
		    first, text);
	else
		finding_message(finding,
		                "two threads call %s and %s, which both use %s, and no common lock or other "
		                "synchronisation that is seen keeps the calls apart",
		                first, second, text);
}

static void add(struct lock_analysis *locks, enum finding_class class, const struct use *one, const struct use *other,
                unsigned state)
{
	char texts[2][LABEL_ROOM];
	const char *const labels[] = {texts[0], texts[1]};
	struct finding_race race = {.about = state_texts[state],
	                            .proof = class == FINDING_RACE_LIBC_STATE ? "overlap" : "order",
	                            .address = one->key,
	                            .sides = {one->side, other->side}};
	struct finding *finding;

	snprintf(texts[0], LABEL_ROOM, "calls %s here", functions[one->function].name);
	snprintf(texts[1], LABEL_ROOM, "calls %s here", functions[other->function].name);
	race.sides[0].reads = reads_only(one->function, state);
	race.sides[1].reads = reads_only(other->function, state);
	finding = races_add(locks, class, &race, labels);
	if (finding)
		describe(finding, one, other, state);
}

/* ---- proven ----------------------------------------------------------------------------------------- */

static bool is_over(const struct libc_meeting *meeting) { return meeting->number == 0 && meeting->thread == 0; }

static void conclude(struct lock_analysis *locks, struct libc_meeting *meeting, const struct left *first)
{
	unsigned state = STATE_NONE;

	if (!first->unchanged && conflict_between(&first->use, &meeting->second, &state) == CERTAIN)
		add(locks, FINDING_RACE_LIBC_STATE, &first->use, &meeting->second, state);
	*meeting = (struct libc_meeting){0};
}

static const struct left *end_of(const struct libc_uses *uses, uint32_t thread, uint32_t number)
{
	for (size_t i = 0; i < LEFT_KEPT; i++)
		if (uses->left[i].use.number == number && uses->left[i].use.side.thread == thread)
			return &uses->left[i];
	return NULL;
}

/* Both calls have returned. */
static void settle(struct lock_analysis *locks, struct libc_meeting *meeting)
{
	const struct libc_uses *uses = locks->libc;
	const struct left *first = end_of(uses, meeting->thread, meeting->number),
	                  *second = end_of(uses, meeting->second.side.thread, meeting->second.number);

	if (!first || !second)
		return;
	if (second->unchanged)
		*meeting = (struct libc_meeting){0};
	else
		conclude(locks, meeting, first);
}

static void on_meeting(struct lock_analysis *locks, const struct use *use, const struct event *event)
{
	struct libc_uses *uses = locks->libc;
	struct libc_meeting *meeting = &uses->meetings[uses->meeting_count++ % MEETINGS_KEPT];

	*meeting = (struct libc_meeting){
	    .thread = (uint32_t)(event->arg >> 32), .number = (uint32_t)event->arg2, .second = *use};
	settle(locks, meeting);
}

static void on_leave(struct lock_analysis *locks, const struct use *use, const struct event *event)
{
	struct libc_uses *uses = locks->libc;

	uses->left[uses->left_count++ % LEFT_KEPT] =
	    (struct left){.use = *use, .unchanged = (event->arg & RT_LIBC_UNCHANGED) != 0};
	for (size_t i = 0; i < MEETINGS_KEPT; i++)
		if (!is_over(&uses->meetings[i]))
			settle(locks, &uses->meetings[i]);
}

/* ---- predicted --------------------------------------------------------------------------------------- */

/* A lock that both held, and not both for reading. */
static bool share_lock(const struct finding_side *one, const struct finding_side *other)
{
	for (uint32_t i = 0; i < one->lock_count; i++)
		for (uint32_t j = 0; j < other->lock_count; j++) {
			const struct race_lock *a = &one->locks[i], *b = &other->locks[j];

			if (a->lock.address == b->lock.address && a->lock.generation == b->lock.generation &&
			    !(a->shared && b->shared))
				return true;
		}
	return false;
}

/* With so many locks, a common one may be among those that are not kept. */
static bool is_full(const struct finding_side *side) { return side->lock_count == RACE_LOCKS_MOST; }

static void predict(struct lock_analysis *locks, const struct use *use)
{
	struct libc_uses *uses = locks->libc;
	unsigned state;

	for (size_t i = 0; i < USES_KEPT; i++) {
		const struct use *other = &uses->uses[i];

		if (!other->function || other->gone || other->side.thread == use->side.thread ||
		    conflict_between(other, use, &state) == NONE_AT_ALL || share_lock(&other->side, &use->side) ||
		    is_full(&other->side) || is_full(&use->side) ||
		    happens_before(&locks->before, other->segment, use->segment))
			continue;
		add(locks, FINDING_RACE_PREDICTED, other, use, state);
	}
}

static bool is_same(const struct use *one, const struct use *other)
{
	return one->function == other->function && one->key == other->key && one->side.thread == other->side.thread &&
	       one->side.stack == other->side.stack && one->segment == other->segment &&
	       one->side.lock_count == other->side.lock_count && !one->gone;
}

static void keep(struct libc_uses *uses, const struct use *use)
{
	for (size_t i = 0; i < USES_KEPT; i++)
		if (is_same(&uses->uses[i], use))
			return;
	uses->uses[uses->use_count++ % USES_KEPT] = *use;
}

/* The next stream at this address is another one. */
static void close_stream(struct libc_uses *uses, uint64_t key)
{
	for (size_t i = 0; i < USES_KEPT; i++)
		uses->uses[i].gone |= uses->uses[i].key == key;
}

static void on_enter(struct lock_analysis *locks, const struct use *use)
{
	if (locks->misuses.uncertain) /* the locks that threads hold are not known any more */
		return;
	predict(locks, use);
	keep(locks->libc, use);
	if (!strcmp(functions[use->function].name, "closedir"))
		close_stream(locks->libc, use->key);
}

void libc_state_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	struct use use = {.function = event->aux, .number = (uint32_t)event->arg, .key = event->object};

	if (!use.function || use.function >= FUNCTIONS)
		return;
	if (!locks->libc)
		locks->libc = memory_zeroed(1, sizeof *locks->libc);
	use.segment = sync_order_segment(locks, thread);
	use.side = race_side(thread, event, functions[use.function].name, 0);
	if (event->type == RT_LIBC_LEAVE) {
		on_leave(locks, &use, event);
		return;
	}
	on_enter(locks, &use);
	if (event->arg >> 32)
		on_meeting(locks, &use, event);
}
