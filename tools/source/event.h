/*
 * One decoded event, as every analyser sees it: in one order over all threads
 * of a process (see merge.h).
 */
#ifndef RINGTAIL_EVENT_H
#define RINGTAIL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/format.h"

struct event {
	uint64_t stamp;  /* ticks of the ring's clock */
	uint64_t object; /* address: block, lock, pthread_t ... (word 1) */
	uint64_t size;   /* blocks: bytes asked for */
	uint64_t arg;    /* word 2 as it is, for records that have one and are no blocks */
	uint64_t arg2;   /* word 3 likewise */
	/* The next two, and the last seven, are each written as one word of eight bytes (lane.c). */
	uint32_t thread; /* 0: not known (its THREAD_BEGIN was lost) */
	uint32_t stack;  /* innermost stack node, RT_STACK_NONE.. */
	uint32_t lane;
	uint16_t aux;    /* of word 1, raw */
	uint8_t type;    /* enum rt_type; RT_TIME is consumed by the source and never seen here */
	uint8_t align_log2; /* blocks: log2 of the alignment asked for, 0 none */
	uint8_t kind;    /* synchronisation: enum rt_kind */
	uint8_t flags;   /* synchronisation: RT_SYNC_* */
	uint8_t result;  /* synchronisation: errno value */
	uint8_t depth;   /* 0, or how deep in signal handlers the event was recorded */
};

_Static_assert(offsetof(struct event, stack) == offsetof(struct event, thread) + 4 &&
                   offsetof(struct event, kind) == offsetof(struct event, aux) + 4 &&
                   offsetof(struct event, depth) == offsetof(struct event, aux) + 7,
               "eight bytes in this order");

/* What the words of a record mean. */
enum event_shape {
	EVENT_UNKNOWN, /* no such type: skipped by its size */
	EVENT_PLAIN,   /* words go to object, aux, arg, arg2 as they are */
	EVENT_ALLOC,   /* size in aux, or with the alignment in word 2 */
	EVENT_SIZED,   /* size in word 2 */
	EVENT_SYNC,    /* aux is kind, flags and result */
};

#define EVENT_WORDS_LIMIT (RT_WORDS_MASK + 1) /* no record has as many */

struct event_type {
	const char *name;
	uint8_t words; /* at least, in every record of this type */
	uint8_t shape; /* enum event_shape */
	/* The same for reading quickly: */
	uint8_t slack;       /* a record with too few words, or of no event, comes to less than EVENT_WORDS_LIMIT with it */
	bool unusual;        /* it means more than what every record does */
	uint16_t size_mask;  /* of aux: size of a block */
	uint16_t sync_mask;  /* of aux: kind, flags and result */
};
extern const struct event_type event_types[1 << RT_TYPE_BITS];

/* A child with a copy of the process's memory. */
static inline bool event_is_fork(const struct event *event)
{
	return event->type == RT_FORK && event->aux == RT_FORK_FORK;
}

/* Name of an event type for people and JSON ("malloc", "wait", ...); "unknown" where it has none. */
const char *event_type_name(unsigned type);
/* "mutex", "rwlock", ... */
const char *event_kind_name(unsigned kind);
/* The kind of that name; RT_KIND_NONE where there is none. */
unsigned event_kind_find(const char *name);

/* A thread owns the object from its acquisition to its release, so that a wait for it is a wait for that thread, and it has
 * a place in the lock order.  A once-control is owned while its routine runs.  All other objects have no owner. */
static inline bool event_kind_is_owned(unsigned kind)
{
	return kind == RT_KIND_MUTEX || kind == RT_KIND_RWLOCK || kind == RT_KIND_SPIN || kind == RT_KIND_ONCE;
}

#endif
