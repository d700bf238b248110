/* Stacks as frames with names, from the database; what has been asked for once is kept. */
#ifndef RINGTAIL_QUERY_FRAMES_H
#define RINGTAIL_QUERY_FRAMES_H

#include "tools/query/query.h"

struct frame { /* its texts are the query's */
	char *function, *file, *module, *build_id; /* NULL where not known */
	char *missing;                             /* what became of the module's file, where that is why */
	int64_t line, offset;
	int64_t into; /* bytes after the function's start; -1: not known, or of no use */
	bool inlined;
};

struct frames {
	struct frame *items; /* innermost first */
	unsigned count;
	unsigned root; /* RT_ROOT_* */
};

/* stack is a column that may be NULL: no frames then.  To be freed. */
struct frames frames_load(struct query *query, int64_t process, int64_t stack);
void frames_free(struct frames *frames);
void frame_cache_free(struct frame_cache *cache);
/* How many of them, from the innermost, are the program's own: main's callers are not. */
unsigned frames_own(const struct frames *frames);

/* Whether it is the C, C++ or Rust runtime's, which works for its caller. */
bool frame_is_runtime(const struct frame *frame);

#endif
