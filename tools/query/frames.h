/* Stacks from the database, as frames with names.  A cache keeps names that were read once. */
#ifndef RINGTAIL_QUERY_FRAMES_H
#define RINGTAIL_QUERY_FRAMES_H

#include <stddef.h>

#include "tools/query/query.h"
#include "tools/symbolize/place.h"

struct frame {                                     /* its texts belong to the query */
	char *function, *file, *module, *build_id; /* NULL: not known */
	char *missing;                             /* what became of the module's file, if names are missing; or NULL */
	int64_t line, offset;
	int64_t column; /* 0: not known, or not needed: all calls on the line that were recorded are in one column */
	int64_t into;   /* bytes from the function's start to the offset; -1: not known, or not needed */
	bool inlined;
	enum role role;
};

struct frames {
	struct frame *items; /* innermost first */
	unsigned count;
	unsigned root;            /* RT_ROOT_* */
	struct place_index where; /* as struct where, among these frames */
};

/* Of a function without a name: the offset of its start, or of the call where the start is not known. */
int64_t frame_start(const struct frame *frame);
/* What the function of a frame is called: its name, or "libz.so.1+0x1230" by frame_start, written to room. */
#define FRAME_NAME_ROOM 300
const char *frame_name(const struct frame *frame, char room[FRAME_NAME_ROOM]);

/* Loads the frames of a stack; the caller frees them.  For a stack column that is NULL there are no frames. */
struct frames frames_load(struct query *query, int64_t process, int64_t stack);
void frames_free(struct frames *frames);
/* One frame of an address, by frame.pc and frame.ordinal.  It belongs to the query; NULL: there is none. */
const struct frame *frame_at(struct query *query, int64_t process, int64_t pc, unsigned ordinal);
void frame_cache_free(struct frame_cache *cache);
struct where {                       /* the frames that stack.place and stack.wrapper stand for */
	const struct frame *wrapper; /* NULL: none */
	const struct frame *frame;   /* NULL: there is no stack */
};
/* The place of a stack.  Its frames belong to the query. */
struct where where_of_stack(struct query *query, int64_t process, int64_t stack);
/* place_own_frames of these. */
unsigned frames_own(const struct frames *frames);

/* Says that the caller goes on to load so many stacks of the process: of many, all are read at once, with all names. */
void frames_expect(struct query *query, int64_t process, size_t stacks);

#endif
