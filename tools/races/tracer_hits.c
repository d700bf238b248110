/* What happens to a thread that has come to a site. */
#include "tools/races/tracer_parts.h"

#if defined(__x86_64__)

#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define RED_ZONE     128u
#define FRAME_MOST   UINT64_C(65536)
#define LOOK_ONE_OF  64u
#define OTHERS_SHARE 70u /* percent */
#define DIRECTION    (UINT64_C(1) << 10)

/* ---- the access ------------------------------------------------------------------------------------ */

static void by_number(const struct user_regs_struct *from, uint64_t to[RACE_REGISTERS])
{
	uint64_t all[RACE_REGISTERS] = {from->rax, from->rcx, from->rdx, from->rbx, from->rsp, from->rbp,
	                                from->rsi, from->rdi, from->r8,  from->r9,  from->r10, from->r11,
	                                from->r12, from->r13, from->r14, from->r15};

	memcpy(to, all, sizeof all);
}

unsigned tracer_accesses(const struct session *session, uint32_t site, const struct user_regs_struct *registers,
                         struct race_access accesses[RACE_ACCESSES])
{
	uint64_t numbered[RACE_REGISTERS];

	by_number(registers, numbered);
	return race_site_accesses(&session->text.sites->items[site], session->text.bias, numbered,
	                          registers->eflags & DIRECTION, accesses);
}

/* True if all that it accesses is in the thread's present frame, as far as the frame pointer tells. */
static bool in_own_frame(const struct traced *thread)
{
	uint64_t sp = thread->registers.rsp, frame = thread->registers.rbp;

	if (frame < sp || frame - sp > FRAME_MOST)
		return false;
	for (unsigned i = 0; i < thread->access_count; i++)
		if (thread->accesses[i].address < sp - RED_ZONE || thread->accesses[i].address >= frame)
			return false;
	return thread->access_count > 0;
}

/* ---- going on ------------------------------------------------------------------------------------------ */

/* Has the thread go on in the slot.  The stop is not consumed yet: if the tracer is killed from here on, the handler of
 * SIGTRAP, or nothing, lets it go on there. */
static void into_slot(struct session *session, struct traced *thread)
{
	uint64_t slot = text_slot(&session->text, thread->site);

	/* Without room, the site is dead, and the thread meets its code as it was. */
	if (!slot) {
		slot = text_address(&session->text, thread->site);
		waitpid(thread->tid, NULL, __WALL);
	}
	ptrace(PTRACE_POKEUSER, thread->tid, (void *)offsetof(struct user_regs_struct, rip), (void *)slot);
}

/* Looks, at a thread's first hit and now and then, whether the handler is still there.  It has gone if the thread
 * blocks SIGTRAP, or if the program has set its action.  False: the thread has stopped for another reason, or has
 * ended. */
static bool mend_trap(struct session *session, struct traced *thread)
{
	bool gone = thread->hits++ % LOOK_ONE_OF == 0 && !inject_handles_trap(thread->tid);

	if (gone && inject_blocked_trap(thread->tid))
		thread->blocks_trap = true;
	if (!gone && !thread->blocks_trap)
		return true;
	thread->elsewhere = true;
	return inject_again(&session->text, thread->tid, thread->blocks_trap) != INJECT_INTERRUPTED;
}

static void pass(struct session *session, struct traced *thread, bool repeated, uint64_t now)
{
	/* What is watched needs no int3: the thread is let run ahead. */
	if (repeated && !caught_waits_for(session, thread->site))
		text_rest(&session->text, thread->site, thread->accesses[0].address, holds_are_watched(session),
		          session->own);
	session_let_go(session, thread);
}

/* A part of the cost that is allowed is kept for candidates. */
static bool may_hold(struct session *session, uint32_t site, uint64_t now)
{
	return !session->vforks && HASH_COUNT(session->threads) > 1 && session->held_count < HOLDS_MOST &&
	       budget_allows_hold(session, samples_candidate(session, site) ? 100 : OTHERS_SHARE, now);
}

static void decide(struct session *session, struct traced *thread, uint64_t now)
{
	unsigned of_held, own;
	struct traced *met = holds_meeting(session, thread, &of_held, &own);
	uint64_t most;

	samples_note(session, thread);
	most = holds_wanted(session, thread);
	if (met) {
		caught_meet(session, met, of_held, thread, own, now);
		return;
	}
	if (!most || !may_hold(session, thread->site, now)) {
		pass(session, thread, !most, now);
		return;
	}
	waitpid(thread->tid, NULL, __WALL | WNOHANG);
	holds_begin(session, thread, most, now);
}

void tracer_hit(struct session *session, struct traced *thread, uint32_t site, const struct user_regs_struct *registers,
                uint64_t now)
{
	uint64_t last = thread->access_count ? thread->accesses[0].address : 0;
	bool again = thread->site == site;

	thread->site = site;
	thread->elsewhere = false;
	thread->pair = 0;
	thread->partner = 0;
	thread->registers = *registers;
	thread->registers.rip = text_address(&session->text, site);
	session->shared->figures.hits++;
	thread->access_count = tracer_accesses(session, site, registers, thread->accesses);
	thread->repeats = again && thread->access_count && thread->accesses[0].address == last;
	caught_look(session, thread->tid, site, thread->accesses[0].address);
	into_slot(session, thread);
	if (!mend_trap(session, thread))
		return;
	if (in_own_frame(thread)) {
		text_kill(&session->text, site);
		session_let_go(session, thread);
	} else if (session->over || session->given_up || !session->text.on) {
		session_let_go(session, thread);
	} else {
		decide(session, thread, now);
	}
}

#endif
