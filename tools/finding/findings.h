/* Findings: the results of the analysers that a user may act on, in one form for all kinds. */
#ifndef RINGTAIL_FINDING_FINDINGS_H
#define RINGTAIL_FINDING_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/finding/kinds.h"

struct finding_stack {
	uint32_t pid;    /* the process of the thread and of this stack; 0: the process of the finding */
	char label[96];  /* what happened there: "allocated here", "held since here", "wanted here", ... */
	uint32_t thread; /* 0: none */
	uint64_t stamp;  /* 0: none */
	uint32_t stack;
	enum {               /* which part of the finding's id depends on it */
	       STACK_NAMED,  /* all: its names are in the id */
	       STACK_PLACED, /* only the order of findings whose named stacks are the same */
	       STACK_ASIDE,  /* none: it differs from run to run */
	} key;
};

/*
 * Marks in a message that the store replaces when names are known.  For the first thread of the finding: ", which runs
 * NAME," with the function that the thread runs.  For the first object: " (NAME)" with the variable that it is.  For
 * data_address: " (NAME in MODULE)" with the variable that it lies in.  For the locks of all edges, after "take the
 * locks in one order": which order that can be.  If there is no name, nothing takes their place.
 */
#define FINDING_RUNS  "\1"
#define FINDING_NAMED "\2"
#define FINDING_DATA  "\3"
#define FINDING_ORDER "\4"

struct finding_object {
	uint8_t kind; /* enum rt_kind; RT_KIND_NONE: a block */
	uint64_t address;
	uint32_t generation;
	uint32_t created_stack;
	uint32_t block_stack; /* of a lock: where the block that contains it was allocated; RT_STACK_NONE: not known */
	uint64_t block_into;  /* bytes from that block's start to the lock */
};

struct finding_edge { /* deadlock: this thread held one lock and wanted the next */
	uint32_t thread;
	uint32_t pid; /* the process of the thread and of this edge's stacks; 0: the process of the finding */
	struct finding_object held, wanted;
	bool held_shared, wanted_shared, inferred;
	bool ahead; /* `held` is not held: the thread waits to write that lock, and readers that come later wait behind
	               it */
	uint32_t held_stack, wanted_stack;
	uint64_t held_since, wanted_at;
};

struct finding_kept {   /* leak:definite: further blocks that are lost with the leaked ones */
	uint32_t stack; /* where they were allocated */
	uint64_t blocks, bytes;
};

#define RACE_LOCKS_MOST 4

struct race_lock { /* a lock that a thread of a race held */
	struct finding_object lock;
	bool shared;
	uint32_t taken_stack;
	uint64_t since;
};

struct finding_side { /* what one of the two threads of a race did */
	uint32_t thread, stack;
	uint64_t stamp;
	bool reads;       /* it only reads */
	bool unseen;      /* nothing is known of this side, but that it wrote */
	uint64_t size;    /* bytes that it accesses; 0: it is a call */
	const char *does; /* static, as "unlocks a mutex", "localtime" or "reads" */
	struct race_lock locks[RACE_LOCKS_MOST];
	uint32_t lock_count;
};

struct finding_race {
	const char *about; /* static: what both sides use.  It is a part of the finding's id */
	const char *proof; /* static: "freed", "overlap", "met", ... (docs/RACES.md) */
	uint64_t address;  /* 0: it is memory of libc */
	uint64_t size;     /* of the block that contains it; 0: none is known */
	uint64_t into;     /* bytes from that block's start to the address */
	uint32_t allocated_stack;
	struct finding_side sides[2];

	/* Of a race that the tracer caught: */
	uint32_t caught;       /* its number in the race_search, from 1; 0: the calls alone showed it */
	uint32_t allocated_by; /* the thread that allocated the block; 0: not known */
	uint32_t stack_of;     /* the thread on whose stack the address lies; 0: on none */
	char variable[96];     /* "counter" or "table+8"; "": it is in no variable that has a name */
	size_t variable_name;  /* how much of that is the name: it is a part of the finding's id */
	const char *declared;  /* where the variable is declared; NULL: not known.  The symbolizer owns it */
	int declared_line;
	const char *reason; /* static: the clause behind "because"; NULL: it was not judged */
};

/* How leaked blocks came to be over the run, as far as the counts prove it. */
enum finding_course {
	COURSE_UNKNOWN,
	COURSE_ONCE,    /* one block, and its place was never called again */
	COURSE_GROWING, /* there were more after each quarter of the run's calls */
	COURSE_STEADY,  /* there were as many at half of the run's calls as at its end */
};

struct finding {
	enum finding_kind kind;
	enum finding_class class; /* FINDING_NONE: see word */
	const char *word;         /* the class, for kinds that take any word as a class; static; NULL: no class */
	char message[512]; /* one sentence that a user can act on; no addresses or counts that change the meaning */
	bool confirmed;    /* of a deadlock: an earlier run predicted it */
	bool information;  /* no reason to act, although other findings of its class are */
	bool by_malloc, by_free; /* of a mismatched-free: no operator was seen to allocate, or to release, the block */
	uint64_t blocks, bytes;  /* of a leak */
	enum finding_course course; /* of a definite leak */
	/* An address in the data of a module at this time, whose variable the message is to name; 0: there is none. */
	uint64_t data_address, data_stamp;
	uint64_t times; /* how often it was seen; 0 means once, as 1 does */
	uint64_t ticks; /* of contention: waiting time of all threads together */
	struct finding_stack *stacks;
	size_t stack_count;
	struct finding_object *objects;
	size_t object_count;
	struct finding_edge *edges;
	size_t edge_count;
	struct finding_kept *kept;
	size_t kept_count;
	uint64_t kept_blocks, kept_bytes; /* their sums */
	uint32_t *threads;
	size_t thread_count;
	struct finding_race *race; /* of a race; else NULL */
};

struct finding_list {
	struct finding *items;
	size_t count, room;
};

/* Appends an otherwise empty finding of that class.  The pointer returned is valid until the next append. */
struct finding *finding_add(struct finding_list *list, enum finding_class class);
/* The same for a kind whose classes are words (contention), or without a class (word NULL).  The pointer is kept, and
 * the word is not copied. */
struct finding *finding_add_word(struct finding_list *list, enum finding_kind kind, const char *word);
/* Moves the finding to the list, which then owns what it points to.  *finding is left empty. */
void finding_move(struct finding_list *list, struct finding *finding);
const char *finding_kind_name(const struct finding *finding);
const char *finding_class_name(const struct finding *finding); /* NULL: it has no class */
/* "once", "growing" or "steady"; NULL: it is not known. */
const char *finding_course_name(enum finding_course course);
void finding_message(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct finding_stack *finding_add_stack(struct finding *finding, const char *label, uint32_t thread, uint64_t stamp,
                                        uint32_t stack);
/* An object that the finding has already is not added again. */
struct finding_object *finding_add_object(struct finding *finding, uint8_t kind, uint64_t address, uint32_t generation,
                                          uint32_t created_stack);
/* The same for a lock of an edge, with all that is known of it. */
void finding_add_lock(struct finding *finding, const struct finding_object *lock);
struct finding_edge *finding_add_edge(struct finding *finding);
void finding_add_kept(struct finding *finding, struct finding_kept kept);
void finding_add_thread(struct finding *finding, uint32_t thread);
/* Makes the finding one of a race, with a stack and a thread for each side.  labels: of the two stacks. */
void finding_set_race(struct finding *finding, const struct finding_race *race, const char *const labels[2]);
/* The bytes by which a finding is ranked: a leak's own, and those of the blocks that were lost with it. */
static inline uint64_t finding_all_bytes(const struct finding *finding) { return finding->bytes + finding->kept_bytes; }
void finding_list_remove(struct finding_list *list, size_t index);
/* Sorts by severity, worst first.  The sort is stable: equal findings stay in the order in which they were added. */
void finding_list_sort(struct finding_list *list);
void finding_list_free(struct finding_list *list);

#endif
