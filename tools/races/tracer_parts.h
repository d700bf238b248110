/* What the files of the tracer's process share.  No other code includes this. */
#ifndef RINGTAIL_RACES_TRACER_PARTS_H
#define RINGTAIL_RACES_TRACER_PARTS_H

#include <sys/user.h>
#include <uthash.h>

#include "tools/base/u64_map.h"
#include "tools/races/guardian.h"
#include "tools/races/tracer.h"
#include "tools/races/tracer_inject.h"
#include "tools/races/tracer_text.h"
#include "tools/races/unwinder.h"

struct traced { /* a thread */
	pid_t tid;
	UT_hash_handle hh;
	uint64_t hits;
	bool blocks_trap; /* it blocks SIGTRAP */
	bool held;
	uint64_t held_since;
	uint32_t site;  /* that it was last stopped at */
	bool repeats;   /* it was there before, with no other site in between, and at the same address */
	bool elsewhere; /* it makes a call for the tracer before it comes to its slot */
	uint32_t pair;  /* 1 + the index of the pair whose values are being read, which it is a side of; else 0 */
	pid_t partner;  /* that is held until this thread is behind its access; 0: none */
	struct user_regs_struct registers;
	struct race_access accesses[RACE_ACCESSES];
	unsigned access_count;
};

#define HOLDS_MOST 16u

struct pair {          /* what was done about a pair of sites that was caught */
	bool asked[2]; /* whether this side polls */
	uint8_t followed;
};

#define ASKED_MOST 16u

struct asked {     /* a side whose next read tells whether it polls */
	pid_t tid; /* 0: none */
	uint32_t site, pair;
	uint8_t side;
};

struct session { /* the tracer's process */
	pid_t pid;
	struct tracer_options options;
	struct races_file *shared;
	struct guardian guardian;
	struct traced *threads;          /* of the process */
	struct text text;                /* text.sites is NULL: not prepared */
	bool prepared;                   /* the area is there, and the guardian knows of the code */
	bool given_up;                   /* this program is not looked at any more */
	bool over;                       /* there is nothing left to trace */
	unsigned vforks;                 /* children that have the memory */
	struct traced *held[HOLDS_MOST]; /* the oldest first */
	unsigned held_count;
	struct u64_map seen;  /* site and thread */
	struct u64_map pairs; /* two sites, to 1 + the index in shared->caught */
	struct pair *known;   /* one for each of shared->caught; NULL: nothing was caught */
	struct asked asked[ASKED_MOST];
	unsigned asked_next;
	struct unwinder *unwinder; /* NULL: not needed yet */
	uint64_t random;
	uint64_t armed_since; /* 0: not armed */
	uint64_t holding_since, looked, ticked;
	uint64_t used_before; /* time that does not count as cost; 0: none counts yet */
	int schedstat;        /* descriptor of this process's own, valid if used_before is not 0; -1: there is none */
};

/* ---- tracer_hits.c ---- */

/* A thread has run into the int3 of this site.  It is let go or held.  The stop has not been consumed. */
void tracer_hit(struct session *session, struct traced *thread, uint32_t site, const struct user_regs_struct *registers,
                uint64_t now);

/* ---- tracer_caught.c ---- */

/* The two stand before conflicting accesses of these numbers; met's stop has not been consumed.  Both are let go, at
 * once or a little later. */
void caught_meet(struct session *session, struct traced *held, unsigned of_held, struct traced *met, unsigned own,
                 uint64_t now);
/* Call it at each hit: it may tell whether a side that was caught polls. */
void caught_look(struct session *session, const struct traced *thread);
/* True if the next read at this site is waited for, so that it must stay armed. */
bool caught_waits_for(const struct session *session, uint32_t site);
/* A thread has run into an int3 behind its access, by its instruction pointer.  It is let go.  False: it has not. */
bool caught_behind(struct session *session, struct traced *thread, uint64_t rip, uint64_t now);

/* ---- tracer_holds.c ---- */

bool holds_wanted(struct session *session, const struct traced *thread, uint32_t site);
void holds_begin(struct session *session, struct traced *thread, uint64_t now);
/* The held thread whose access conflicts with one of this thread; NULL: there is none.  *held and *own: the numbers of
 * the accesses. */
struct traced *holds_meeting(const struct session *session, const struct traced *thread, unsigned *held, unsigned *own);
void holds_end(struct session *session, struct traced *thread, uint64_t now);
void holds_end_all(struct session *session, uint64_t now);
/* The thread has ended: nothing is to be let go. */
void holds_forget(struct session *session, struct traced *thread, uint64_t now);
/* Ends holds whose time is over, and one if no other thread can come. */
void holds_look(struct session *session, uint64_t now);

/* ---- tracer_budget.c ---- */

/* The program's code is ready to be armed: what was spent up to here does not count. */
void budget_begin(struct session *session);
/* Brings figures.stop_ns up to date. */
void budget_count(struct session *session);
bool budget_allows_hold(struct session *session, uint64_t now);
void budget_tick(struct session *session, uint64_t now);

/* ---- tracer_session.c ---- */

/* NULL: there is no such thread of the process. */
struct traced *session_find(const struct session *session, pid_t tid);
void session_let_go(struct session *session, struct traced *thread);
void session_give_up(struct session *session, const char *why);
uint64_t session_random(struct session *session);

#endif
