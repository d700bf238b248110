/*
 * Another process, stopped: its threads with their registers, its mappings, its memory.
 *
 * Nothing is left behind in it.  Threads are seized, not attached: no signal is sent, and a signal that was on its way
 * arrives after target_resume.  System calls that the stop ended are made again (restart.h).
 *
 * The thread of this process that calls target_stop must end soon after target_resume, or the process must
 * (target_in_thread): a thread of the program that is held up in the kernel (vfork, a slow file system) cannot be stopped,
 * and one that cannot be stopped cannot be let go either; when its tracer ends, the kernel does that, whatever the thread
 * is at.  Nothing needs to be remembered, and it is the same when this process is killed: no stop is taken from the kernel
 * (WNOWAIT) before its thread is let go, so that a signal that was being delivered is delivered then too.
 */
#ifndef RINGTAIL_SCAN_TARGET_H
#define RINGTAIL_SCAN_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/target/pages.h"
#include "tools/target/restart.h"

#define TARGET_REGISTERS 96u

struct target_thread {
	pid_t tid;
	bool stopped;
	int signal;           /* that was being delivered when it stopped, to be given back */
	struct restart restart;
	uint64_t sp;          /* 0: not known */
	uint64_t kernel_sp;   /* as it stopped, whatever sp is made of */
	bool own_frames;      /* it waits within the shim: sp and registers are those of the program's frame */
	uint64_t thread_pointer;
	uint64_t registers[TARGET_REGISTERS]; /* general ones and vector halves */
	unsigned register_count;
};

enum map_kind { MAP_ANONYMOUS_MEMORY, MAP_FILE, MAP_BRK_HEAP, MAP_MAIN_STACK, MAP_NO_MEMORY };

struct target_map {
	uint64_t start, end;
	bool readable, writable, executable, shared;
	enum map_kind kind;
	char *path; /* of MAP_FILE */
};

struct target {
	pid_t pid;
	pid_t memory; /* by whose number its memory is reached: pid, or another thread's where the first has ended */
	uint64_t since; /* CLOCK_MONOTONIC ns, when its first thread was about to be stopped */
	struct target_thread *threads;
	size_t thread_count, thread_room;
	struct target_map *maps; /* by address */
	size_t map_count, map_room;
	bool own_alone; /* set before target_look: leave out pages that it shares with its parent as fork made them */
	struct pages *pages; /* malloced; NULL: its memory has not been looked at */
};

#define TARGET_WHY_BYTES 256

/* Calls run in a thread of its own, and returns when that has ended; in this one where there can be no other. */
void target_in_thread(void (*run)(void *context), void *context);

/* Stops all threads.  False: why says what stands against it, and the process runs on. */
bool target_stop(struct target *target, pid_t pid, char why[TARGET_WHY_BYTES]);
/* Lets them run for a moment and stops them again: for one that was stopped in the middle of something. */
bool target_stop_again(struct target *target, char why[TARGET_WHY_BYTES]);
/* Reads registers and mappings of the stopped process. */
bool target_look(struct target *target, char why[TARGET_WHY_BYTES]);
/* Whether it still stands where it was stopped: SIGKILL ends that. */
bool target_is_stopped(const struct target *target);
void target_resume(struct target *target);
void target_free(struct target *target);

/* A process that need not be stopped: for tests, which look at themselves. */
bool target_open(struct target *target, pid_t pid);

/* Copies what there is; what the program has not touched, and what cannot be read, is zeroes. */
void target_read(const struct target *target, uint64_t address, void *to, size_t bytes);
/* Constants of a module, which the program need not have looked at yet: bytes read from the start on. */
size_t target_fetch(const struct target *target, uint64_t address, void *to, size_t bytes);

/* The mapping that address is in, or NULL. */
const struct target_map *target_map_at(const struct target *target, uint64_t address);

/* Calls visit for each part of [start, end) that has pages: untouched memory holds nothing. */
void target_populated(const struct target *target, uint64_t start, uint64_t end,
                      void (*visit)(void *context, uint64_t start, uint64_t end), void *context);

/* Bytes that the program has and that could not be read. */
uint64_t target_unread(const struct target *target);

#endif
