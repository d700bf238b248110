/*
 * A ring file, opened for reading.  Its process may be running, or have ended.
 *
 * The reader trusts nothing in the file.  Each accessor checks bounds against the real size of the file, and a file
 * whose header is inconsistent is refused when it is opened.
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
	bool writable; /* opened by the live reader, which hands chunks back */
	unsigned char *map;
	size_t map_bytes;
	struct rt_header header;    /* copy of the immutable part, validated */
	struct rt_header *shared;   /* the mapped header: counters, end, the reader's fields */
	bool same_boot;             /* the machine was not booted since: stamps and pids of the file are still valid */
	pid_t pid;                  /* its process, by its number "here" (proc.h); 0: it has ended or cannot be seen */
	uint64_t process_start;     /* start time of that process, as /proc gives it here */
	double ns_per_tick;         /* see ring_file_calibrate */
	struct added_stacks *added; /* added_stacks.h; NULL: none */
};

/* The path of a file that lies beside the ring: suffix in place of .ring.  Malloced; NULL: there is no memory, or it is
 * no path of a ring. */
char *ring_file_beside(const char *ring_path, const char *suffix);

/* Opens and validates the file.  On failure returns false, fills err (what is wrong with which file, and what to do)
 * and leaves nothing open.  A truncated file, shorter than its header says, is refused.  So is a file that a live
 * process has not made ready (ready == 0); then err->retry is set. */
bool ring_file_open(struct ring_file *ring, const char *path, bool writable, struct error *err);
void ring_file_close(struct ring_file *ring);

/* Computes the rate of the clock again: it becomes more precise the longer the process has run. */
void ring_file_calibrate(struct ring_file *ring);
/* False, with err filled, if the file has become shorter since it was opened.  The missing part reads as zeros. */
bool ring_file_whole(const struct ring_file *ring, struct error *err);

/* Chunk i; NULL if it is outside of the file or was never used.  The caller must not trust its fields. */
struct rt_chunk *ring_file_chunk(const struct ring_file *ring, uint32_t i);
/* The number of chunks that may hold records: the least of chunks_used, chunk_count and what fits into the file. */
uint32_t ring_file_chunks(const struct ring_file *ring);

/* NULL if the index is out of range, or if the module's entry is not complete yet. */
const struct rt_module *ring_file_module(const struct ring_file *ring, uint32_t index);
uint32_t ring_file_modules(const struct ring_file *ring);
/* The module that was mapped at this address at the time of the stamp, its data included; NULL if none was known. */
const struct rt_module *ring_file_module_at(const struct ring_file *ring, uint64_t address, uint64_t stamp);
/* The same; or a module that was met there later only, if no other is known at this address: the shim meets a module
 * with the first stack through it.  *number: its index + 1; 0: there is none. */
const struct rt_module *ring_file_module_around(const struct ring_file *ring, uint64_t address, uint64_t stamp,
                                                uint32_t *number);
/* No pc id is greater. */
uint32_t ring_file_pc_limit(const struct ring_file *ring);
/* pc_id counts from 1, as in nodes.  NULL if it is out of range or unused. */
const struct rt_pc *ring_file_pc(const struct ring_file *ring, uint32_t pc_id);
/* The parent and the pc id of a node; false if id is no valid node. */
bool ring_file_node(const struct ring_file *ring, uint32_t id, uint32_t *parent, uint32_t *pc_id);

/* The file name, without directories, of the module that the innermost frame of a stack is in; "": not known. */
const char *ring_file_caller(const struct ring_file *ring, uint32_t stack);

/* Walks a stack from its innermost frame outwards.  Returns the number of pc ids written, at most max, and sets *root
 * to RT_STACK_NONE or one of RT_ROOT_*.  The walk ends whatever the file holds, a cycle of nodes included. */
unsigned ring_file_stack(const struct ring_file *ring, uint32_t id, uint32_t *pc_ids, unsigned max, uint32_t *root);

/* Converts a stamp to seconds since the process image started. */
double ring_file_seconds(const struct ring_file *ring, uint64_t stamp);
/* Converts a difference of stamps to nanoseconds. */
uint64_t ring_file_ns(const struct ring_file *ring, uint64_t ticks);

/* The present time as a stamp of this ring's clock.  Valid only if same_boot. */
uint64_t ring_file_now(const struct ring_file *ring);

/* The pid of the ring's live reader, such as `ringtail run`; 0: there is none, or its heartbeat is too old. */
uint32_t ring_file_reader(const struct ring_file *ring);

/* True if the heap is watched: it was asked for, and the library sees the calls. */
bool ring_file_sees_heap(const struct ring_file *ring);

/* True if the heap may hold blocks from before the first record: those of the parent of a forked child, or those that
 * an allocator preloaded before the library handed out before its calls were seen. */
bool ring_file_has_early_blocks(const struct ring_file *ring);

/* True if its process is in another PID namespace: pids and tids in its records are then "inside" numbers (proc.h). */
bool ring_file_is_elsewhere(const struct ring_file *ring);

/* True if the process image of this ring still runs: same pid, same start time, not replaced by exec. */
bool ring_file_alive(const struct ring_file *ring);

#endif
