/*
 * What tracing costs, and what it may.
 *
 * The cost is the time in which threads were stopped for a moment, and the time in which at least one was held.  Above
 * the allowed cost no thread is held any more and half of the armed sites are taken out; below it, they come back by
 * tenths.
 */
#include "tools/races/tracer_parts.h"

#if defined(__x86_64__)

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/clock.h"

#define TICK        UINT64_C(20000000) /* ns */
#define STOP_ITSELF UINT64_C(10000)    /* ns: two switches between threads */
#define LEAST       (TEXT_ALL / 1024)

static uint64_t elapsed(const struct session *session, uint64_t now)
{
	return session->shared->figures.elapsed_ns + (session->armed_since ? now - session->armed_since : 0);
}

/* Time that this process has waited for a processor, ns; 0 where the kernel does not tell. */
static uint64_t waited(const struct session *session)
{
	unsigned long long waiting = 0;
	char text[64] = "";

	if (pread(session->schedstat, text, sizeof text - 1, 0) <= 0 || sscanf(text, "%*u %llu", &waiting) != 1)
		return 0;
	return waiting;
}

static uint64_t used(const struct session *session)
{
	return ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID) + waited(session);
}

void budget_begin(struct session *session)
{
	session->schedstat = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
	session->used_before = used(session);
}

void budget_count(struct session *session)
{
	struct races_figures *figures = &session->shared->figures;

	figures->stop_ns = figures->hits * STOP_ITSELF;
	if (session->used_before)
		figures->stop_ns += used(session) - session->used_before;
}

static bool is_above(struct session *session, unsigned share, uint64_t now)
{
	const struct races_figures *figures = &session->shared->figures;

	budget_count(session);
	uint64_t cost = figures->stop_ns + figures->hold_ns, allowed;

	if (session->held_count)
		cost += now - session->holding_since;
	allowed = elapsed(session, now) / 100 * session->options.share;
	if (allowed < session->options.floor_ns)
		allowed = session->options.floor_ns;
	return cost > allowed / 100 * share;
}

bool budget_allows_hold(struct session *session, unsigned share, uint64_t now)
{
	return !is_above(session, share, now);
}

void budget_tick(struct session *session, uint64_t now)
{
	uint32_t cut = session->text.cut;

	if (!session->armed_since || now - session->ticked < TICK)
		return;
	session->ticked = now;
	if (is_above(session, 100, now))
		cut = cut / 2 > LEAST ? cut / 2 : LEAST;
	else
		cut = cut + cut / 10 < TEXT_ALL ? cut + cut / 10 : TEXT_ALL;
	text_set_cut(&session->text, cut);
}

#endif
