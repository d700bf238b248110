/* One decoded event, as every analyser sees it.  The events of all threads of a process come in one order (merge.h). */
#ifndef RINGTAIL_EVENT_H
#define RINGTAIL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/format.h"

struct event {
	uint64_t stamp;  /* ticks of the ring's clock */
	uint64_t object; /* word 1: the address of a block, a lock, ..., or a pthread_t */
	uint64_t size;   /* of a block: bytes requested */
	uint64_t arg;    /* word 2 unchanged, in records other than of blocks */
	uint64_t arg2;   /* word 3 unchanged, likewise */
	/* The next two, and the last seven, are each written as one word of eight bytes (lane.c). */
	uint32_t thread; /* 0: not known (its THREAD_BEGIN was lost) */
	uint32_t stack;  /* innermost stack node, RT_STACK_NONE.. */
	uint32_t lane;
	uint16_t aux;       /* upper 16 bits of word 1, unchanged */
	uint8_t type;       /* enum rt_type; RT_TIME is consumed by the source and never seen here */
	uint8_t align_log2; /* of a block: log2 of the alignment requested; 0: none */
	uint8_t kind;       /* synchronisation: enum rt_kind */
	uint8_t flags;      /* synchronisation: RT_SYNC_* */
	uint8_t result;     /* synchronisation: errno value */
	uint8_t depth;      /* how many signal handlers were nested where the event was recorded; 0: none */
};

_Static_assert(offsetof(struct event, stack) == offsetof(struct event, thread) + 4 &&
                   offsetof(struct event, kind) == offsetof(struct event, aux) + 4 &&
                   offsetof(struct event, depth) == offsetof(struct event, aux) + 7,
               "eight bytes in this order");

/* How the words of a record are decoded. */
enum event_shape {
	EVENT_UNKNOWN, /* no such type: the reader skips the record by its size */
	EVENT_PLAIN,   /* words are copied to object, aux, arg and arg2 unchanged */
	EVENT_ALLOC,   /* the size is in aux, or in word 2 together with the alignment */
	EVENT_SIZED,   /* the size is in word 2 */
	EVENT_SYNC,    /* aux holds kind, flags and result */
};

#define EVENT_WORDS_LIMIT (RT_WORDS_MASK + 1) /* every record has fewer words */

struct event_type {
	const char *name;
	uint8_t words; /* least number of words in a record of this type */
	uint8_t shape; /* enum event_shape */
	/* The same facts in the form that the decoder's fast path needs: */
	uint8_t slack;      /* words + slack < EVENT_WORDS_LIMIT: the record has too few words, or is no event */
	bool unusual;       /* needs more decoding than most types do */
	uint16_t size_mask; /* the bits of aux that hold the size of a block */
	uint16_t sync_mask; /* the bits of aux that hold kind, flags and result */
};
extern const struct event_type event_types[1 << RT_TYPE_BITS];

/* True if the event made a child that has a copy of the process's memory. */
static inline bool event_is_fork(const struct event *event)
{
	return event->type == RT_FORK && event->aux == RT_FORK_FORK;
}

/* The name of an event type in text and JSON ("malloc", "wait", ...); "unknown" for a type that has none. */
const char *event_type_name(unsigned type);
/* "mutex", "rwlock", ... */
const char *event_kind_name(unsigned kind);
/* The kind of that name; RT_KIND_NONE if no kind has it. */
unsigned event_kind_find(const char *name);

/* True if an object of this kind has an owner: the thread that acquired it, until that thread releases it.  A wait for
 * the object is then a wait for the owner, and the object takes part in the lock order.  A once-control is owned while
 * its routine runs.  All other kinds have no owner. */
static inline bool event_kind_is_owned(unsigned kind)
{
	return kind == RT_KIND_MUTEX || kind == RT_KIND_RWLOCK || kind == RT_KIND_SPIN || kind == RT_KIND_ONCE;
}

#endif
