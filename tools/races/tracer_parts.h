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
#include "tools/races/watch.h"

struct traced { /* a thread */
	pid_t tid;
	UT_hash_handle hh;
	uint64_t hits;
	bool blocks_trap; /* it blocks SIGTRAP */
	bool held;
	uint64_t held_since, held_until; /* the second is by session->own */
	bool stays;                      /* it is let go after others */
	uint32_t site;                   /* that it was last stopped at */
	bool repeats;   /* it was there before, with no other site in between, and at the same address */
	bool elsewhere; /* it makes a call for the tracer before it comes to its slot */
	uint32_t pair;  /* 1 + the index of the pair whose values are being read, which it is a side of; else 0 */
	pid_t partner;  /* that is held until this thread is behind its access; 0: none */
	struct user_regs_struct registers;
	struct race_access accesses[RACE_ACCESSES];
	unsigned access_count;
	unsigned number; /* in the order of their creation */
	/* while it is held */
	unsigned watched;      /* number of the access that counts as its main one */
	uint32_t slot;         /* 1 + the number of its watchpoint; 0: none */
	uint64_t watched_at;   /* the watchpoint's address */
	uint32_t before_bytes; /* of the value when the hold began; 0: not known */
	uint8_t before[RACES_VALUE];
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
	bool stood; /* in front of its read when it was asked: a watchpoint may stop it behind that, which is no next
	               read */
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
	unsigned roles;         /* is added to the numbers of threads, for their roles (tracer_holds.c) */
	unsigned releases;      /* since the roles were drawn */
	unsigned numbered;      /* threads so far */
	struct sample *samples; /* NULL: none yet */
	struct u64_map seen;    /* site and thread */
	struct u64_map pairs;   /* two sites, to 1 + the index in shared->caught */
	struct pair *known;     /* one for each of shared->caught; NULL: nothing was caught */
	struct asked asked[ASKED_MOST];
	unsigned asked_next;
	struct unwinder *unwinder; /* NULL: not needed yet */
	struct watch watch;
	bool watch_tried, watch_works; /* on this machine */
	struct races_caught *changes;  /* by writers that are not known; NULL: none */
	uint32_t *change_sites;
	unsigned change_count;
	uint64_t random;
	uint64_t armed_since; /* 0: not armed */
	uint64_t holding_since, looked, ticked;
	uint64_t own, own_at, slept_for; /* time, without that by which this process came late (tracer_session.c) */
	uint64_t used_before;            /* time that does not count as cost; 0: none counts yet */
	int schedstat; /* descriptor of this process's own, valid if used_before is not 0; -1: there is none */
};

/* ---- tracer_hits.c ---- */

/* A thread has run into the int3 of this site.  It is let go or held.  The stop has not been consumed. */
void tracer_hit(struct session *session, struct traced *thread, uint32_t site, const struct user_regs_struct *registers,
                uint64_t now);

/* What a thread with these registers accesses at this site, as race_site_accesses has it. */
unsigned tracer_accesses(const struct session *session, uint32_t site, const struct user_regs_struct *registers,
                         struct race_access accesses[RACE_ACCESSES]);

/* ---- tracer_caught.c ---- */

/* The two stand before conflicting accesses of these numbers; met's stop has not been consumed.  Both are let go, at
 * once or a little later. */
void caught_meet(struct session *session, struct traced *held, unsigned of_held, struct traced *met, unsigned own,
                 uint64_t now);
/* A watchpoint has stopped `other` behind an access to what the held thread is about to access.  The held thread may be
 * let go, and then `other` is to be let go after that. */
void caught_watched(struct session *session, struct traced *held, struct traced *other,
                    const struct user_regs_struct *registers, uint64_t now);
/* The value that the held thread is about to access has changed, and no thread was seen to do it. */
void caught_change(struct session *session, const struct traced *held, uint64_t now);
/* Writes down those changes at sites that are sides of no pair: call it when nothing more can be caught. */
void caught_end(struct session *session);
/* Call it when a thread is seen at a site: it may tell whether a side that was caught polls. */
void caught_look(struct session *session, pid_t tid, uint32_t site, uint64_t address);
/* True if the next read at this site is waited for, so that it must stay armed. */
bool caught_waits_for(const struct session *session, uint32_t site);
/* A thread has run into an int3 behind its access, by its instruction pointer.  It is let go.  False: it has not. */
bool caught_behind(struct session *session, struct traced *thread, uint64_t rip, uint64_t now);

/* ---- tracer_behind.c ---- */

#define OTHER_PLACE 0x80000000u

struct behind {                            /* an access behind which a watchpoint has stopped its thread */
	uint32_t site;                     /* TEXT_NO_SITE: other code */
	uint32_t place;                    /* the site, or, with OTHER_PLACE, a number for the place in other code */
	struct user_regs_struct registers; /* of the thread, which is not in a slot by these */
	struct races_side side;            /* address and size, if it is a site; the rest is behind_describe's */
};

struct behind behind_find(const struct session *session, const struct traced *held,
                          const struct user_regs_struct *registers);
/* Fills in what the thread did, but for its number and its stack. */
void behind_describe(const struct session *session, const struct traced *held, struct behind *behind);

/* ---- tracer_samples.c ---- */

struct sample;
/* The thread has come to a site. */
void samples_note(struct session *session, const struct traced *thread);
/* True if two threads or more have read this memory, and none was seen to write it. */
bool samples_are_reads(const struct session *session, const struct race_access *access);
/* A thread has accessed this with LOCK. */
void samples_note_lock(struct session *session, uint64_t address);
bool samples_are_locked(const struct session *session, uint64_t address);
bool samples_candidate(const struct session *session, uint32_t site);
/* A hold at this site has caught nothing. */
void samples_strike(struct session *session, uint32_t site);

/* ---- tracer_holds.c ---- */

/* True if the main access of a held thread writes. */
static inline bool holds_writes(const struct traced *held) { return held->accesses[held->watched].writes; }
/* A thread was stopped by a watchpoint.  It is let go. */
void holds_watched(struct session *session, struct traced *thread, const struct user_regs_struct *registers,
                   const siginfo_t *info, uint64_t now);
/* True if threads are held, and watchpoints are on the memory of all of them. */
bool holds_are_watched(const struct session *session);
/* For how long the thread is to be held, at most, ns; 0: not at all. */
uint64_t holds_wanted(struct session *session, const struct traced *thread);
void holds_begin(struct session *session, struct traced *thread, uint64_t most, uint64_t now);
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
/* share: of what is allowed, in percent. */
bool budget_allows_hold(struct session *session, unsigned share, uint64_t now);
void budget_tick(struct session *session, uint64_t now);

/* ---- tracer_session.c ---- */

/* NULL: there is no such thread of the process. */
struct traced *session_find(const struct session *session, pid_t tid);
void session_let_go(struct session *session, struct traced *thread);
void session_give_up(struct session *session, const char *why);
uint64_t session_random(struct session *session);

#endif
