/*
 * What the tracer of data races did in a process, and at which accesses it caught threads.  tools/races reads it from
 * the tracer's file; the analysis finds out who the threads were, what they held, and what they accessed.
 */
#ifndef RINGTAIL_FINDING_RACE_SEARCH_H
#define RINGTAIL_FINDING_RACE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RACE_WHY_BYTES   256
#define RACE_VALUE_BYTES 16

enum race_proof {
	RACE_MET,           /* both threads stood before their accesses at one time */
	RACE_WATCHED,       /* one stood before its access, and the other one was stopped right behind its own */
	RACE_VALUE_CHANGED, /* one stood before its access, and the value changed: the other thread is not known */
};

struct race_catch_side {
	uint32_t tid;
	uint32_t stack; /* of the ring, its innermost frame at the access; RT_STACK_NONE: the side is not known */
	uint64_t pc;    /* the instruction that accesses */
	uint64_t address, size; /* what it accesses, in bytes */
	bool reads, writes;
	/* For tools/races/classify.h: */
	uint8_t shape;      /* enum race_shape */
	uint32_t compilers; /* a set of enum race_compiler; 0: not known */
	bool polls, locked_nearby;
};

struct race_catch {       /* a pair of accesses at which threads were caught */
	uint64_t stamp;   /* of the first time */
	uint32_t number;  /* in the tracer's file, from 0 */
	uint64_t held_ns; /* how long the first side had been stopped by then */
	uint64_t times;
	enum race_proof proof;
	uint64_t address; /* of the first byte that both access */
	uint32_t value_bytes;
	bool after_known;
	uint8_t before[RACE_VALUE_BYTES],
	    after[RACE_VALUE_BYTES];     /* what lay there before either access, and after both */
	struct race_catch_side sides[2]; /* the second is zeroed if it is not known */
};

struct race_figures {
	uint64_t sites, armed, hits, holds, watched, threads;
	uint64_t stop_ns, hold_ns, elapsed_ns;
};

struct race_search { /* zeroed: races were not looked for */
	enum { RACES_NOT_SOUGHT, RACES_SOUGHT, RACES_NOT_POSSIBLE } state;
	char why[RACE_WHY_BYTES]; /* RACES_NOT_POSSIBLE: why not; RACES_SOUGHT: why it ended early; "": it did not */
	uint32_t seed, share;     /* share: of the elapsed time that it was allowed to cost, in percent */
	struct race_figures figures;
	uint64_t caught;          /* pairs of accesses, also those that are not kept */
	struct race_catch *items; /* in the order in which they were caught */
	size_t count, room;
	size_t met;    /* how many of them the analysis has dealt with */
	uint32_t read; /* how many entries of the tracer's file have been read */
	bool judged;   /* the findings have their classes */
};

void race_search_free(struct race_search *search);

#endif
