#include "shim/libc_state.h"

#include <gnu/libc-version.h>
#include <string.h>

#include "shim/hooks.h"

enum access { NO, READS, WRITES, LOCKED, MAY, LOCKED_MAY };

static const struct function {
	uint8_t states[2], access[2];
} functions[] = {
#define LIBC_FUNCTION(id, name, state, access, further, further_access)                                                \
	[LIBC_##id] = {{LIBC_STATE_##state, LIBC_STATE_##further}, {access, further_access}},
#include "shim/libc_state.def"
};

#define RECORDED_FIRST 4u  /* calls from one place; then the 8th, the 16th, ... */
#define MEETINGS_FIRST 16u /* of one place; later ones only with such a call */

void libc_calls_forget(struct libc_calls *calls)
{
	calls->now = 0;
	memset(calls->sites, 0, sizeof calls->sites);
}

/* ---- meeting --------------------------------------------------------------------------------- */

struct meeting {
	struct thread *with; /* NULL: none */
	uint32_t number;     /* of its call */
};

static bool is_locked(unsigned access) { return access == LOCKED || access == LOCKED_MAY; }

static bool conflict(unsigned one, unsigned other)
{
	return one != NO && other != NO && !(one == READS && other == READS) && !(is_locked(one) && is_locked(other));
}

static bool functions_conflict(const struct function *one, const struct function *other)
{
	for (unsigned i = 0; i < 2; i++)
		for (unsigned j = 0; j < 2; j++)
			if (one->states[i] == other->states[j] && conflict(one->access[i], other->access[j]))
				return true;
	return false;
}

/* L3 and L4.  The first thread that meets a call records that; further ones need not. */
static bool meet(struct thread *other, unsigned function, uint64_t key, struct meeting *meeting)
{
	struct libc_calls *calls = &other->libc;
	uint64_t now = load_acquire(&calls->now), met = load_relaxed(&calls->met);
	unsigned in = (uint32_t)now;

	if (!now || in >= LIBC_FUNCTIONS || !functions_conflict(&functions[function], &functions[in]) ||
	    load_acquire(&calls->key) != key || load_acquire(&calls->now) != now || met == now >> 32 ||
	    !cas_acq_rel(&calls->met, met, now >> 32))
		return false;
	*meeting = (struct meeting){other, (uint32_t)(now >> 32)};
	return true;
}

static unsigned user_slot(unsigned state, uint64_t key)
{
	return key ? LIBC_STATES + (unsigned)(key >> 4) % LIBC_KEYS : state;
}

static bool meet_readers(struct thread *self, unsigned function, struct meeting *meeting)
{
	for (struct thread *t = thread_first(); t; t = thread_next(t))
		if (t != self && load_relaxed(&t->ready) && meet(t, function, 0, meeting))
			return true;
	return false;
}

static bool has_readers(unsigned state)
{
	return state == LIBC_STATE_ENVIRONMENT || state == LIBC_STATE_LOCALE || state == LIBC_STATE_HSEARCH;
}

/* L2.  look: meetings are of interest. */
static struct meeting look_around(struct thread *self, unsigned function, uint64_t key, bool look)
{
	const struct function *f = &functions[function];
	struct meeting meeting = {NULL, 0};

	for (unsigned i = 0; i < 2 && f->states[i] != LIBC_STATE_NONE; i++) {
		struct thread **user = &process->libc_users[user_slot(f->states[i], key)];
		struct thread *other = f->access[i] == READS ? load_acquire(user) : exchange_acq_rel(user, self);
		if (!look)
			continue;
		if (other && other != self && meet(other, function, key, &meeting))
			break;
		if (f->access[i] != READS && has_readers(f->states[i]) && meet_readers(self, function, &meeting))
			break;
	}
	return meeting;
}

/* ---- records ----------------------------------------------------------------------------------- */

static struct libc_site *site_of(struct thread *self, unsigned function, uintptr_t pc)
{
	uint64_t hash = (pc ^ (uint64_t)function << 52) * UINT64_C(0x9e3779b97f4a7c15);
	struct libc_site *site = &self->libc.sites[hash >> 58];

	if (site->place != (uint32_t)hash)
		*site = (struct libc_site){.place = (uint32_t)hash};
	return site;
}

/* The call is one of the first, or of those that are rarer and rarer. */
static bool counts(struct libc_site *site)
{
	site->calls++;
	return site->calls <= RECORDED_FIRST || !(site->calls & (site->calls - 1));
}

/* From 2.41 on, setenv and its kin leave what getenv may be reading as it is. */
static bool environment_is_safe(void)
{
	const char *version = gnu_get_libc_version();
	unsigned minor = 0;

	if (version[0] != '2' || version[1] != '.')
		return false;
	for (version += 2; *version >= '0' && *version <= '9'; version++)
		minor = minor * 10 + (unsigned)(*version - '0');
	return minor >= 41;
}

static bool is_known(unsigned function, void *called)
{
	return resolve_is_of_libc(called) &&
	       (functions[function].states[0] != LIBC_STATE_ENVIRONMENT || !environment_is_safe());
}

struct libc_call libc_enter(const struct caller *caller, enum libc_function function, const void *stream, void *called)
{
	static const struct libc_call none = {NULL, 0, false};
	struct thread *self = process_is_fresh_child() ? NULL : lock_watcher();
	uint64_t key = (uintptr_t)stream & RT_OBJECT_MASK;

	if (!self || self->nesting)
		return none;
	struct libc_calls *calls = &self->libc;
	struct libc_call call = {self, (uint64_t)++calls->number << 32 | function, false};

	store_release(&calls->key, key);
	store_release(&calls->now, call.now); /* L1 */
	struct libc_site *site = site_of(self, function, caller->pc);
	bool novel = counts(site);
	struct meeting meeting = look_around(self, function, key, novel || site->meetings < MEETINGS_FIRST);
	call.met = meeting.with != NULL;
	site->meetings += call.met;
	if (likely(!call.met && !novel))
		return call;
	if (!is_known(function, called)) {
		store_release(&calls->now, 0);
		return none;
	}
	record_wide(self, caller, RT_LIBC_ENTER, call.met ? 4 : 3, rt_word1(key, function),
	            calls->number | (meeting.with ? (uint64_t)load_relaxed(&meeting.with->id) << 32 : 0),
	            meeting.number);
	return call;
}

void libc_leave(const struct libc_call *call, const struct caller *caller, bool changed)
{
	struct libc_calls *calls = &call->self->libc;

	if (!call->self->ready || calls->now != call->now) /* forked, or another call came between */
		return;
	store_release(&calls->now, 0);                                           /* L5 */
	if (unlikely(call->met || load_relaxed(&calls->met) == call->now >> 32)) /* L6 */
		record_wide(call->self, caller, RT_LIBC_LEAVE, 3, rt_word1(calls->key, (uint32_t)call->now),
		            call->now >> 32 | (changed ? 0 : RT_LIBC_UNCHANGED), 0);
}
