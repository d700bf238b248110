/*
 * The place that a stack is named by: its innermost function that acts for itself.
 *
 * Functions of the runtime and functions that lock for their caller are passed over.  So are allocator wrappers, of
 * which the outermost is named: "xmalloc < parse".  If all functions are passed over, the place is the outermost
 * function of the program.
 *
 * The rule is stated here alone.  The store applies it to every stack and writes the result to the database
 * (stack.place, stack.wrapper), where reports and SQL find it.
 */
#ifndef RINGTAIL_SYMBOLIZE_PLACE_H
#define RINGTAIL_SYMBOLIZE_PLACE_H

#include <stdbool.h>

#include "tools/symbolize/roles.h"

/* What the rule knows of a frame. */
struct place_frame {
	enum role role;
	bool libc;       /* of libc or the loader, which call threads, constructors and destructors */
	bool calls_main; /* a function of libc that calls main: it shows where the program begins if main has no name */
};

/* module: a path; both texts may be NULL. */
struct place_frame place_frame(enum role role, const char *module, const char *function);

/* True if a stack may be named by a function of this role. */
bool place_acts_for_itself(enum role role);

/* Which frames of a stack are its place and its wrapper, counted from the innermost, from 1; 0: none. */
struct place_index {
	unsigned frame, wrapper;
};

/* frames: innermost first; only those up to the first one that acts for itself are needed, or else all. */
struct place_index place_find(const struct place_frame *frames, unsigned count);

/* How many of all frames of a stack, counted from the innermost, belong to the program: the callers of main do not, nor
 * those of a thread's function and of a constructor. */
unsigned place_own_frames(const struct place_frame *frames, unsigned count);

/* The number that stands for a frame in the database: frame.pc and frame.ordinal.  -1: there is no frame. */
#define PLACE_ORDINALS 128
static inline long long place_number(unsigned pc, unsigned ordinal) { return (long long)pc * PLACE_ORDINALS + ordinal; }

#endif
