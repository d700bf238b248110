/* Names for what findings are about: the function that a thread runs, the variable that an object is. */
#ifndef RINGTAIL_STORE_SUBJECT_NAMES_H
#define RINGTAIL_STORE_SUBJECT_NAMES_H

#include "tools/analyse/threads/threads.h"
#include "tools/finding/findings.h"
#include "tools/store/writer.h"

#define OBJECT_NAME_TEXT 240

/* The function that a thread runs, as a frame of an address: the start routine or, where that is the runtime's (as of
 * std::thread and Rust's), the outermost function of its stack that is not. */
struct thread_runs {
	uint32_t pc;      /* 0: not known */
	unsigned ordinal; /* which of the frames of this address, 0 the innermost */
	const char *function;
};

struct thread_runs thread_runs(struct writer *writer, const struct thread_result *thread);

/* Writes the name of the variable at this address, "name" or "name+8".  stamp: when it was there; 0: not known.  An
 * empty text and false: it is in no variable, or names are missing. */
bool object_name(struct writer *writer, uint64_t address, uint64_t stamp, char out[OBJECT_NAME_TEXT]);

/* Writes "40 bytes into the block from make_session (session.c:12)".  stack: where the block was allocated;
 * RT_STACK_NONE: it is in none.  which: "the" or "each".  False: it is not known to be in a block, or names are
 * missing. */
bool block_name(struct writer *writer, uint32_t stack, uint64_t into, const char *which, char out[OBJECT_NAME_TEXT]);
/* The name of the variable or the block that the lock lies in. */
bool lock_name(struct writer *writer, const struct finding_object *lock, uint64_t stamp, char out[OBJECT_NAME_TEXT]);

#endif
