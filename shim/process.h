/*
 * The life of the process as the shim sees it; process.c opens with the theory.
 */
#ifndef RINGTAIL_PROCESS_H
#define RINGTAIL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/atomics.h"
#include "shim/format.h"
#include "shim/libc_state.h"
#include "shim/sys.h"

#pragma GCC visibility push(hidden)

enum process_state {
	PROCESS_NEW = 0,  /* also what a forked child finds: the kernel wiped the page */
	PROCESS_STARTING, /* one thread creates the ring */
	PROCESS_RECORDING,
	PROCESS_OFF, /* not watched: a message says so once, and the program is left alone */
};

struct thread;

/* Everything that a forked child must not take over from its parent.  Lives in pages that the kernel wipes on
 * fork (MADV_WIPEONFORK), so that a child, however it was made, starts with zeroes: PROCESS_NEW. */
struct process {
	uint32_t state;
	int starter; /* kernel tid of the thread in PROCESS_STARTING */
	int pid;
	uint32_t disk_full;        /* no more room under the ring file */
	uint32_t chunks_there;     /* chunks from this one on have no pages, as there was no room for them */
	uint32_t no_moves;         /* chunks cannot be moved out: see ring.c */
	uint32_t no_file_writes;   /* not by way of the file: see ring_copy.h */
	struct file_identity ring; /* the ring file */
	struct rt_header *header;
	unsigned char *base; /* of the mapped ring file */
	struct rt_module *modules;
	struct rt_pc *pcs;
	uint64_t *nodes;
	uint32_t pc_levels, node_levels;             /* of the stack tables: how many there is room for */
	uint32_t pc_levels_ready, node_levels_ready; /* bit per level: its pages exist */
	uint32_t unloads;                            /* libraries seen to go: caches of older counts are stale */
	uint32_t noting_clock;                       /* a thread writes the header's clock_latest */
	uint32_t hand;                               /* where the search for a chunk to use again goes on */
	uint32_t ending;                             /* a thread is in scan_at_end */
	struct thread *libc_users[LIBC_USERS];       /* of each hidden state, the thread that used it last */
};

/* NULL before boot is done, and for good where a sanitizer is in the process. */
extern struct process *process;

/* Boots if that has not happened, and begins the process's ring if it has none.  True: the process records.  False:
 * call the real function and record nothing.  Any thread, any signal handler. */
bool process_ready(void);

/* True if the process records, and `process` is not that of a parent whose memory this vfork child borrows. */
bool process_is_ours(void);

/* True in a forked child that has recorded nothing yet.  It must not begin a ring just to exec. */
static inline bool process_is_fresh_child(void) { return process && load_acquire(&process->state) == PROCESS_NEW; }

/* Notes how the process is about to end; RT_END_RUNNING takes it back (a failed exec).  Does nothing unless
 * process_is_ours. */
void process_end(enum rt_end_how how, int status);

/* The last part of boot (boot.h): registers the exit handlers and maps `process`, which stays NULL if that fails. */
void process_start_up(void);

#pragma GCC visibility pop

#endif
