/*
 * Which threads are held, and until when.
 *
 * A thread is held the first time that it comes to a site, and now and then later.  A hold ends when a conflicting
 * access is caught, when its time is over, or when no other thread can come: all others are held, or wait in a futex,
 * perhaps for something that the held thread is to give.  Then one held thread is let go, by chance, and never all: the
 * others stay where they are, and the one meets them.
 *
 * While a thread is held, a watchpoint is on its memory, if there is one left: it stops threads that access the memory
 * by code that has no int3, because it rests, or is not ours.  If that misses an access, too, the value may tell that
 * there was one.
 */
#include "tools/races/tracer_parts.h"

#if defined(__x86_64__)

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/base/proc.h"

#define LOOK_EVERY        UINT64_C(100000) /* ns */
#define LOOK_AT_MOST      64u              /* threads; more are not looked at */
#define DRAWN_ONE_OF      32u
#define CANDIDATES_ONE_OF 4u
#define READS_ONE_OF      4u
#define UPDATES_ONE_OF    2u
#define STAYS_TIMES       3u
#define CANDIDATES_TIMES  5u  /* as long */
#define GOING_PREFERRED   32u /* how much more likely a thread is let go that is not to stay */
#define ROLES_LAST        48u /* releases */
#define SEEN_MOST         (1u << 20)

/* What it reads it is about to write, where it meets more: all accesses by others, and not writes alone. */
static bool writes_next(const struct session *session, const struct traced *thread)
{
	const struct race_site *site = &session->text.sites->items[thread->site];

	return !site->writes && race_site_is_written_behind(session->text.sites, site);
}

/* What all read and nobody writes is met by the writer, should there be one: that is held in its turn. */
static bool reads_alone(const struct session *session, const struct traced *thread)
{
	for (unsigned i = 0; i < thread->access_count; i++)
		if (thread->accesses[i].writes || !samples_are_reads(session, &thread->accesses[i]))
			return false;
	return true;
}

uint64_t holds_wanted(struct session *session, const struct traced *thread)
{
	uint64_t key = (uint64_t)thread->site << 32 | (uint32_t)thread->tid;
	bool candidate = samples_candidate(session, thread->site), first = !u64_map_get(&session->seen, key);

	if (session->seen.count > SEEN_MOST) /* of a program that makes thread after thread */
		u64_map_free(&session->seen);
	if (first)
		u64_map_put(&session->seen, key, 1);
	if (first && !candidate && reads_alone(session, thread) && session_random(session) % READS_ONE_OF)
		return 0;
	if (first && !candidate && writes_next(session, thread) && session_random(session) % UPDATES_ONE_OF)
		return 0;
	if (!first && session_random(session) % (candidate ? CANDIDATES_ONE_OF : DRAWN_ONE_OF))
		return 0;
	return session->options.hold_ns * (candidate ? CANDIDATES_TIMES : 1);
}

/* ---- watchpoints ---------------------------------------------------------------------------------- */

#define WATCH_THREADS_MOST 200u

/* The access that others are to meet: a write rather than a read. */
static void choose_access(struct traced *thread)
{
	thread->watched = thread->access_count > 1 && !thread->accesses[0].writes && thread->accesses[1].writes;
}

/* For good: each thread that is made would get its own of each event. */
static void stop_watching(struct session *session)
{
	for (unsigned i = 0; i < session->held_count; i++)
		session->held[i]->slot = 0;
	watch_close(&session->watch);
}

static void watch_held(struct session *session, struct traced *thread)
{
	const struct race_access *access = &thread->accesses[thread->watched];
	uint64_t bytes = access->size < RACES_VALUE ? access->size : RACES_VALUE;
	ssize_t got = pread(session->text.memory, thread->before, bytes, (off_t)access->address);
	int slot = -1;

	thread->before_bytes = got > 0 ? (uint32_t)got : 0;
	if (HASH_COUNT(session->threads) > WATCH_THREADS_MOST)
		stop_watching(session);
	else
		slot = watch_arm(&session->watch, access->address, access->size, access->writes);
	thread->slot = (uint32_t)(slot + 1);
	if (slot >= 0) {
		thread->watched_at = session->watch.slots[slot].address;
		session->shared->figures.watched++;
	}
}

bool holds_are_watched(const struct session *session)
{
	for (unsigned i = 0; i < session->held_count; i++)
		if (!session->held[i]->slot)
			return false;
	return session->held_count > 0;
}

static void unwatch(struct session *session, struct traced *thread)
{
	if (thread->slot)
		watch_disarm(&session->watch, (int)thread->slot - 1);
	thread->slot = 0;
}

void holds_watched(struct session *session, struct traced *thread, const struct user_regs_struct *registers,
                   const siginfo_t *info, uint64_t now)
{
	int slot = watch_stopped_by(&session->watch, info);

	for (unsigned i = 0; slot >= 0 && i < session->held_count; i++)
		if (session->held[i]->slot == (uint32_t)slot + 1 && session->held[i] != thread &&
		    !session->held[i]->pair) {
			caught_watched(session, session->held[i], thread, registers, now);
			break;
		}
	session_let_go(session, thread);
}

/* ---- roles ---------------------------------------------------------------------------------------- */

enum role { ROLE_GOES, ROLE_STAYS_AT_READS, ROLE_GOES_TOO, ROLE_STAYS_AT_WRITES, ROLES };

/* Threads that work on neighbouring parts of something meet where one begins and the other ends.  So each second thread
 * goes ahead, through its whole part, while the others stay: some at a read of their own, some at a write. */
static bool is_to_stay(struct session *session, const struct traced *thread)
{
	enum role role = (thread->number + session->roles) % ROLES;
	const struct race_access *access = &thread->accesses[thread->watched];

	if (role == ROLE_STAYS_AT_WRITES)
		return access->writes;
	return role == ROLE_STAYS_AT_READS && !access->writes && !samples_are_reads(session, access);
}

/* ---- holds ---------------------------------------------------------------------------------------- */

void holds_begin(struct session *session, struct traced *thread, uint64_t most, uint64_t now)
{
	thread->held = true;
	thread->held_since = now;
	thread->pair = 0;
	if (!session->held_count)
		session->holding_since = now;
	session->held[session->held_count++] = thread;
	session->shared->figures.holds++;
	choose_access(thread);
	thread->stays = is_to_stay(session, thread);
	thread->held_until = session->own + most * (thread->stays ? STAYS_TIMES : 1);
	watch_held(session, thread);
	for (unsigned i = 0; i < thread->access_count; i++)
		text_wake_place(&session->text, thread->accesses[i].address, thread->accesses[i].size);
}

void holds_forget(struct session *session, struct traced *thread, uint64_t now)
{
	unsigned i = 0;

	if (!thread->held)
		return;
	thread->held = false;
	unwatch(session, thread);
	while (session->held[i] != thread)
		i++;
	session->held_count--;
	memmove(session->held + i, session->held + i + 1, (session->held_count - i) * sizeof *session->held);
	if (!session->held_count)
		session->shared->figures.hold_ns += now - session->holding_since;
}

void holds_end(struct session *session, struct traced *thread, uint64_t now)
{
	holds_forget(session, thread, now);
	session_let_go(session, thread);
}

void holds_end_all(struct session *session, uint64_t now)
{
	while (session->held_count)
		holds_end(session, session->held[0], now);
}

/* ---- meeting -------------------------------------------------------------------------------------- */

static bool conflict(const struct race_access *a, const struct race_access *b)
{
	return (a->writes || b->writes) && a->address < b->address + b->size && b->address < a->address + a->size;
}

static bool meets(const struct traced *held, const struct traced *thread, unsigned *of_held, unsigned *own)
{
	for (*of_held = 0; *of_held < held->access_count; ++*of_held)
		for (*own = 0; *own < thread->access_count; ++*own)
			if (conflict(&held->accesses[*of_held], &thread->accesses[*own]))
				return true;
	return false;
}

struct traced *holds_meeting(const struct session *session, const struct traced *thread, unsigned *held, unsigned *own)
{
	for (unsigned i = 0; i < session->held_count; i++)
		if (!session->held[i]->pair && meets(session->held[i], thread, held, own))
			return session->held[i];
	return NULL;
}

/* ---- can another thread come? --------------------------------------------------------------------- */

/* False only if the thread waits in a futex.  Any other call may return soon. */
static bool may_come(const struct session *session, pid_t tid)
{
	char path[64], text[32] = "";

	snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)session->pid, (int)tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	return got <= 0 || *text < '0' || *text > '9' || atol(text) != SYS_futex;
}

static bool any_may_come(const struct session *session)
{
	unsigned count = HASH_COUNT(session->threads);

	if (count > LOOK_AT_MOST)
		return true;
	for (const struct traced *thread = session->threads; thread; thread = thread->hh.next)
		if (!thread->held && may_come(session, thread->tid))
			return true;
	return false;
}

/* The number of a held thread that is let go, by chance, and one that stays only if all do. */
static unsigned draw(struct session *session)
{
	uint64_t weights[HOLDS_MOST], sum = 0;

	if (session->releases++ % ROLES_LAST == 0)
		session->roles = (unsigned)(session_random(session) % ROLES);
	for (unsigned i = 0; i < session->held_count; i++)
		sum += weights[i] = session->held[i]->stays ? 1 : GOING_PREFERRED;
	uint64_t drawn = session_random(session) % sum;
	for (unsigned i = 0;; i++) {
		if (drawn < weights[i])
			return i;
		drawn -= weights[i];
	}
}

static bool has_changed(const struct session *session, const struct traced *thread)
{
	uint8_t value[RACES_VALUE];

	return thread->before_bytes &&
	       pread(session->text.memory, value, thread->before_bytes,
	             (off_t)thread->accesses[thread->watched].address) == (ssize_t)thread->before_bytes &&
	       memcmp(value, thread->before, thread->before_bytes) != 0;
}

/* Nobody came, or was seen. */
static void give_up(struct session *session, struct traced *thread, uint64_t now)
{
	if (!thread->pair && has_changed(session, thread))
		caught_change(session, thread, now);
	if (!thread->pair)
		samples_strike(session, thread->site);
	holds_end(session, thread, now);
}

/* One at a time: the others may meet it. */
static void end_oldest(struct session *session, uint64_t now)
{
	for (unsigned i = 0; i < session->held_count; i++)
		if (session->own >= session->held[i]->held_until) {
			give_up(session, session->held[i], now);
			return;
		}
}

void holds_look(struct session *session, uint64_t now)
{
	bool all = session->held_count == HASH_COUNT(session->threads);

	if (!session->held_count || (!all && now - session->looked < LOOK_EVERY))
		return;
	session->looked = now;
	if (all || !any_may_come(session))
		give_up(session, session->held[draw(session)], now);
	else
		end_oldest(session, now);
}

#endif
