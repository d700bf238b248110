/* Stacks from the database, as frames with names.  A cache keeps names that were read once. */
#ifndef RINGTAIL_QUERY_FRAMES_H
#define RINGTAIL_QUERY_FRAMES_H

#include "tools/query/query.h"

struct frame {                                     /* its texts belong to the query */
	char *function, *file, *module, *build_id; /* NULL: not known */
	char *missing;                             /* what became of the module's file, if names are missing; or NULL */
	int64_t line, offset;
	int64_t into; /* bytes after the function's start; -1: not known, or not needed */
	bool inlined;
};

struct frames {
	struct frame *items; /* innermost first */
	unsigned count;
	unsigned root; /* RT_ROOT_* */
};

/* Loads the frames of a stack; the caller frees them.  For a stack column that is NULL there are no frames. */
struct frames frames_load(struct query *query, int64_t process, int64_t stack);
void frames_free(struct frames *frames);
/* One frame of an address, by frame.pc and frame.ordinal.  It belongs to the query; NULL: there is none. */
const struct frame *frame_at(struct query *query, int64_t process, int64_t pc, unsigned ordinal);
void frame_cache_free(struct frame_cache *cache);
/* How many of the frames, counted from the innermost, belong to the program: the callers of main do not. */
unsigned frames_own(const struct frames *frames);

/* True if the frame is in the C, C++ or Rust runtime, which acts for its caller. */
bool frame_is_runtime(const struct frame *frame);

#endif
