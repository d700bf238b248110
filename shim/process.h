/*
 * The life of the process as the shim sees it; process.c opens with the theory.
 */
#ifndef RINGTAIL_PROCESS_H
#define RINGTAIL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/atomics.h"
#include "shim/format.h"
#include "shim/options.h"
#include "shim/sys.h"

#pragma GCC visibility push(hidden)

enum process_state {
	PROCESS_NEW = 0,   /* also what a forked child finds: the kernel wiped the page */
	PROCESS_STARTING,  /* one thread creates the ring */
	PROCESS_RECORDING,
	PROCESS_OFF,       /* not watched: said once, program left alone */
};

struct thread;

/* Everything that a forked child must not take over from its parent.  Lives in pages that the kernel wipes on
 * fork (MADV_WIPEONFORK), so that a child, however it was made, starts with zeroes: PROCESS_NEW. */
struct process {
	uint32_t state;
	int starter;          /* kernel tid of the thread in PROCESS_STARTING */
	int pid;
	uint32_t disk_full;   /* no more room under the ring file */
	uint32_t chunks_there; /* chunks from this one on have no pages, as there was no room for them */
	uint32_t no_moves;    /* chunks cannot be moved out: see ring.c */
	uint32_t no_file_writes;   /* not by way of the file: see ring_copy.h */
	struct file_identity ring; /* the ring file */
	struct rt_header *header;
	unsigned char *base;  /* of the mapped ring file */
	struct rt_module *modules;
	struct rt_pc *pcs;
	uint64_t *nodes;
	uint32_t pc_levels, node_levels;             /* of the stack tables: how many there is room for */
	uint32_t pc_levels_ready, node_levels_ready; /* bit per level: its pages exist */
	uint32_t unloads;     /* libraries seen to go: caches of older counts are stale */
	uint32_t noting_clock; /* a thread writes the header's clock_latest */
	uint32_t hand;        /* where the search for a chunk to use again goes on */
};

extern struct process *process;

/* Where the shim itself and the dynamic loader lie in memory. */
struct text_range {
	uintptr_t start, bytes;
};
extern struct text_range shim_range, loader_range;

static inline bool in_range(const struct text_range *range, uintptr_t address)
{
	return address - range->start < range->bytes;
}

/* Makes sure that the real functions are known and the process records, as far as it can.  False: call the
 * real function and record nothing.  Any thread, signal handlers too. */
bool process_ready(void);

/* True while this very thread is inside process_ready: allocations come from the bootstrap heap. */
bool process_starting(void);

/* Process id for checks that must not believe in a vfork child's borrowed memory. */
bool process_is_ours(void);

/* The PID namespace that such a link leads to; 0: none, or there is no /proc. */
uint32_t process_space(const char *link);

/* Notes how the process is about to end; RT_END_RUNNING takes it back (a failed exec). */
void process_end(enum rt_end_how how, int status);

/* One line on standard error, unless the program has closed or replaced it; at most once per text. */
void process_say(const char *what, const char *detail);

#define RING_PATH_BYTES (SHIM_PATH_MAX + 64)
/* Of our ring file; room: RING_PATH_BYTES at least. */
void process_ring_path(char *to, size_t room);

/* RINGTAIL's value for programs that this one starts ("RINGTAIL=..."), naming our run directory. */
const char *process_environment(void);
/* An environment variable that already does. */
bool process_names_run(const char *variable);

#pragma GCC visibility pop

#endif
