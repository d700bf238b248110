/*
 * Whether two conflicting accesses are a data race, or what else they are.  The rules are pure: everything that is
 * known comes in as facts.  Rules that acquit come first; what none convicts is unproven.
 */
#ifndef RINGTAIL_RACES_CLASSIFY_H
#define RINGTAIL_RACES_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/races/shapes.h"
#include "tools/races/site.h"

enum race_class {
	RACE_UNPROVEN, /* nothing tells whether the program means it */
	RACE_DATA,     /* a data race */
	RACE_ATOMIC,
	RACE_VOLATILE,
	RACE_FLAG,       /* a thread waits for the value to change */
	RACE_SAME_VALUE, /* the write left the value as it was */
	RACE_CLASSES
};

/* The fact that decided. */
enum race_reason {
	RACE_NOTHING_PROVES,
	RACE_LOCK_PREFIX,        /* one side, or another access to the location, has LOCK or is xchg */
	RACE_ATOMIC_TYPE,        /* the variable's type is atomic */
	RACE_ATOMIC_FUNCTION,    /* an access is within a function of atomics */
	RACE_VOLATILE_TYPE,      /* the variable's type is volatile */
	RACE_VOLATILE_FUNCTION,  /* an access is within a function of volatile accesses */
	RACE_POLLED,             /* a thread reads it again and again, until it changes */
	RACE_WRITER_UNKNOWN,     /* the value changed, by a writer that was not seen */
	RACE_MAY_BE_SPECULATIVE, /* the compiler may have added the read */
	RACE_VALUE_KEPT,
	RACE_PLAIN_SHAPE, /* no compiler makes this instruction of an atomic or a volatile access */
	RACE_UNALIGNED,
	RACE_SIZES_DIFFER,
	RACE_WIDE,         /* more than 8 bytes at once */
	RACE_COPIED,       /* by a string operation, or memcpy and its like */
	RACE_PLAIN_SOURCE, /* the type and both lines of source are plain */
	RACE_REASONS
};

/* What the debug information and the line of source say of an access. */
enum race_source {
	RACE_SOURCE_UNKNOWN,  /* nothing, or the line may hide something */
	RACE_SOURCE_PLAIN,    /* the line was read, and has no sign of atomics, volatile or RCU */
	RACE_SOURCE_ATOMIC,   /* the innermost function is one of atomics */
	RACE_SOURCE_VOLATILE, /* or of volatile accesses */
};

enum race_type { /* of the variable that is accessed */
	         RACE_TYPE_UNKNOWN,
	         RACE_TYPE_PLAIN,
	         RACE_TYPE_ATOMIC,
	         RACE_TYPE_VOLATILE,
};

struct race_side {
	uint64_t address, size;
	bool reads, writes;
	enum race_shape shape;
	unsigned compilers; /* a set of enum race_compiler: of the file, or of the compilation unit */
	bool polls;         /* race_site_may_poll, and the thread's next read at this site was of the same address */
	bool copies;        /* it stands in memcpy, memset or their like */
	enum race_source source;
};

struct race_facts {
	struct race_side sides[2]; /* the second is zeroed if writer_unknown */
	bool writer_unknown;       /* the value changed while the first side was held */
	bool locked_elsewhere;     /* race_site_is_locked_nearby, or a sample of another access with LOCK */
	bool same_value;           /* the value after the write is the value before it */
	enum race_type type;
};

struct race_verdict {
	enum race_class class;
	enum race_reason reason;
};

struct race_verdict race_classify(const struct race_facts *facts);

/* "data", "atomic", ...: as in the name of a finding, race:data. */
const char *race_class_name(enum race_class class);
/* The reason for a reader, as a clause that follows "because": "a thread waits for ...". */
const char *race_reason_text(enum race_reason reason);

#endif
