/*
 * Which threads are held, and until when.
 *
 * A thread is held the first time that it comes to a site, and now and then later.  A hold ends when a conflicting
 * access is caught, when its time is over, or when no other thread can come: all others are held, or wait in a futex,
 * perhaps for something that the held thread is to give.  Then one held thread is let go, by chance, and never all: the
 * others stay where they are, and the one meets them.
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

#define LOOK_EVERY   UINT64_C(100000) /* ns */
#define LOOK_AT_MOST 64u              /* threads; more are not looked at */
#define DRAWN_ONE_OF 32u
#define SEEN_MOST    (1u << 20)

bool holds_wanted(struct session *session, const struct traced *thread, uint32_t site)
{
	uint64_t key = (uint64_t)site << 32 | (uint32_t)thread->tid;
	bool first = !u64_map_get(&session->seen, key);

	if (session->seen.count > SEEN_MOST) /* of a program that makes thread after thread */
		u64_map_free(&session->seen);
	if (first)
		u64_map_put(&session->seen, key, 1);
	return first || session_random(session) % DRAWN_ONE_OF == 0;
}

void holds_begin(struct session *session, struct traced *thread, uint64_t now)
{
	thread->held = true;
	thread->held_since = now;
	thread->pair = 0;
	if (!session->held_count)
		session->holding_since = now;
	session->held[session->held_count++] = thread;
	session->shared->figures.holds++;
	for (unsigned i = 0; i < thread->access_count; i++)
		text_wake_place(&session->text, thread->accesses[i].address, thread->accesses[i].size);
}

void holds_forget(struct session *session, struct traced *thread, uint64_t now)
{
	unsigned i = 0;

	if (!thread->held)
		return;
	thread->held = false;
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

void holds_look(struct session *session, uint64_t now)
{
	while (session->held_count && now - session->held[0]->held_since >= session->options.hold_ns)
		holds_end(session, session->held[0], now);
	if (!session->held_count)
		return;
	bool all = session->held_count == HASH_COUNT(session->threads);
	if (!all && now - session->looked < LOOK_EVERY)
		return;
	session->looked = now;
	if (all || !any_may_come(session))
		holds_end(session, session->held[session_random(session) % session->held_count], now);
}

#endif
