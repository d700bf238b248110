/*
 * A ring file, opened for reading: live, or left behind by a dead process.
 * Nothing in the file is trusted: each accessor checks bounds against the real
 * size of the file, and a header that does not hold is refused at once.
 */
#ifndef RINGTAIL_RING_FILE_H
#define RINGTAIL_RING_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "shim/format.h"
#include "tools/base/error.h"

struct ring_file {
	char *path;
	int fd;
	bool writable; /* opened by the live reader: it hands chunks back */
	unsigned char *map;
	size_t map_bytes;
	struct rt_header header;  /* copy of the immutable part, validated */
	struct rt_header *shared; /* the mapped header: counters, end, reader's side */
	bool same_boot;           /* its clock and pids can be compared with those of now */
	pid_t pid;                /* its process as it is called here; 0: it has ended, or cannot be seen from here */
	uint64_t process_start;   /* of that, as /proc has it here */
	double ns_per_tick;       /* see ring_file_calibrate */
};

/* Opens and validates.  On failure returns false, fills err (one clear line: what is wrong with which
 * file and what to do) and leaves nothing open.  A file shorter than its header says (truncated) is
 * refused; one that a live process is still filling in (ready == 0) too, with err->retry set. */
bool ring_file_open(struct ring_file *ring, const char *path, bool writable, struct error *err);
void ring_file_close(struct ring_file *ring);

/* Takes the rate of the clock anew: the longer the process has run, the better it is known. */
void ring_file_calibrate(struct ring_file *ring);
/* False, with err filled, when the file has become shorter since it was opened: what was in it reads as
 * zeros. */
bool ring_file_whole(const struct ring_file *ring, struct error *err);

/* Chunk i, or NULL when it is outside of the file or never used.  Its fields are hostile. */
struct rt_chunk *ring_file_chunk(const struct ring_file *ring, uint32_t i);
/* Number of chunks that may hold something: min(chunks_used, chunk_count, what the file has). */
uint32_t ring_file_chunks(const struct ring_file *ring);

/* NULL when out of range or not complete. */
const struct rt_module *ring_file_module(const struct ring_file *ring, uint32_t index);
uint32_t ring_file_modules(const struct ring_file *ring);
/* pc_id is 1-based as in nodes; NULL when out of range or unused. */
const struct rt_pc *ring_file_pc(const struct ring_file *ring, uint32_t pc_id);
/* Parent and pc id of a node; false when id is no valid node. */
bool ring_file_node(const struct ring_file *ring, uint32_t id, uint32_t *parent, uint32_t *pc_id);

/* Walks a stack from its innermost frame outwards.  Returns the number of pc ids written (at most max)
 * and in *root one of RT_STACK_NONE, RT_ROOT_*.  Bounded whatever the file says (cycles included). */
unsigned ring_file_stack(const struct ring_file *ring, uint32_t id, uint32_t *pc_ids, unsigned max,
                         uint32_t *root);

/* Seconds since the process image started, for a stamp of this ring's clock. */
double ring_file_seconds(const struct ring_file *ring, uint64_t stamp);
/* Nanoseconds for a difference of stamps. */
uint64_t ring_file_ns(const struct ring_file *ring, uint64_t ticks);

/* Now, in stamps of this ring's clock; means something while same_boot only. */
uint64_t ring_file_now(const struct ring_file *ring);

/* The process that reads it live, as `ringtail run` does; 0: none, or it gives no sign of life. */
uint32_t ring_file_reader(const struct ring_file *ring);

/* Whether its process is of another PID namespace: the numbers in its records are not those of here. */
bool ring_file_is_elsewhere(const struct ring_file *ring);

/* Whether the process image of this ring still runs (same pid, same start time, not gone by exec). */
bool ring_file_alive(const struct ring_file *ring);

#endif
