/*
 * The .races file: what the tracer of one process image has found, beside the ring of the same name (PID.IMAGE.races).
 *
 * The tracer maps it MAP_SHARED and writes into it as things happen, so it is right at any time, also when the tracer
 * or the program was killed.  A reader must treat it as hostile: counts are bounded by the arrays, texts may lack their
 * end, and a size other than sizeof (struct races_file) is refused.  Integers are of the machine's byte order.
 *
 * All addresses are those of the process.  Which module an address lies in, a reader learns from the ring.
 */
#ifndef RINGTAIL_RACES_RACES_FILE_H
#define RINGTAIL_RACES_RACES_FILE_H

#include <stdint.h>

#define RACES_SUFFIX  ".races"
#define RACES_MAGIC   "rt-races" /* 8 bytes, no terminator */
#define RACES_VERSION 1u

#define RACES_FRAMES 64u   /* of a stack, at most */
#define RACES_KEPT   1024u /* caught pairs of sites, at most; those past it are counted */
#define RACES_VALUE  16u   /* bytes of a value, at most */
#define RACES_WHY    256u

enum races_state {
	RACES_STARTING,
	RACES_WATCHING, /* the process is traced; figures.armed tells whether it had reason to stop anything */
	RACES_REFUSED,  /* nothing was looked for: why */
	RACES_ENDED     /* the process has ended, or the tracer was asked to end; why, if it ended early */
};

enum races_proof {
	RACES_MET,          /* both threads stood before their accesses */
	RACES_WATCHED,      /* one stood before its access, and a watchpoint stopped the other behind its own */
	RACES_VALUE_CHANGED /* one stood before its access, and the value changed: the other side is not known */
};

struct races_figures {
	uint64_t sites;      /* of all modules that are looked at */
	uint64_t armed;      /* that were armed at a time, at most */
	uint64_t hits;       /* stops at sites */
	uint64_t holds;      /* threads held */
	uint64_t watched;    /* holds with a watchpoint */
	uint64_t threads;    /* that were traced, at a time at most */
	uint64_t stop_ns;    /* time that stops took */
	uint64_t hold_ns;    /* time in which at least one thread was held */
	uint64_t elapsed_ns; /* time with two threads or more */
};

/* A thread at its access. */
struct races_side {
	uint64_t pc;                  /* the instruction that accesses */
	uint64_t address, size;       /* what it accesses, in bytes */
	uint64_t stack[RACES_FRAMES]; /* return addresses, the innermost first, without pc */
	uint32_t tid;
	uint32_t frames;    /* of the stack */
	uint32_t compilers; /* set of enum race_compiler, by the module's .comment; 0: not known */
	uint8_t reads, writes;
	uint8_t shape; /* enum race_shape */
	uint8_t polls; /* race_site_may_poll, and its thread's next read there was of the same address, or was not
	                * seen */
	uint8_t locked_nearby;  /* race_site_is_locked_nearby, or LOCK itself at another access of the address */
	uint8_t stack_is_whole; /* the stack ends at the thread's first frame */
	uint8_t unused[2];
};

struct races_caught {
	uint64_t at_ns;      /* CLOCK_MONOTONIC */
	uint64_t at_counter; /* the same moment as rt_counter() has it: where the ring's clock is the counter, it tells
	                      * exactly which events of the two threads came before */
	uint64_t held_ns;    /* how long sides[0] had been held by then */
	uint32_t times;      /* that these two sites were caught together */
	uint32_t proof;      /* enum races_proof */
	uint32_t value_bytes;
	uint32_t value_after_known;
	uint64_t value_address;      /* of the first byte that both access */
	uint8_t before[RACES_VALUE]; /* the first bytes that both access, before either did */
	uint8_t after[RACES_VALUE];  /* and when both were done; or when one was, if only then it was another */
	struct races_side sides[2];  /* the one that was held; the one that came.  The second is zeroed if not known */
};

struct races_file {
	char magic[8];
	uint32_t version;
	uint32_t pid;
	uint32_t state; /* enum races_state */
	uint32_t seed;  /* of all choices */
	char why[RACES_WHY];
	uint32_t share; /* of the elapsed time that tracing may cost, in percent */
	uint32_t unused;
	struct races_figures figures;
	uint32_t count; /* pairs of sites that were caught; written after the entry */
	uint32_t unused_too;
	struct races_caught caught[RACES_KEPT];
};

#endif
