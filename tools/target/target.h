/*
 * The target: another process, stopped, with its threads and their registers, its mappings and its memory.
 *
 * The stop leaves no trace in the target.  Threads are seized and not attached: no signal is sent, and a signal that
 * was on its way arrives after target_resume.  System calls that the stop interrupted are restarted (restart.h).
 *
 * The tracer is the thread of the tool that calls target_stop.  It must end soon after target_resume, or the tool must
 * end: use target_in_thread.  The reason: a thread of the target that is held up in the kernel (vfork, a slow file
 * system) cannot be stopped, and ptrace cannot detach from a thread that is not stopped.  When the tracer ends, the
 * kernel detaches the thread in any state, and nothing is left to do later.
 *
 * The same holds if the tool is killed.  The tracer leaves each stop unconsumed (WNOWAIT) until it lets the thread go,
 * so a signal that was being delivered at the stop is delivered also if the tool is killed in between.
 */
#ifndef RINGTAIL_TARGET_TARGET_H
#define RINGTAIL_TARGET_TARGET_H

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
	int signal; /* was being delivered at the stop; it is delivered when the thread is let go */
	enum { GOING_NOT, GOING_TO_CALL, GOING_ON } going; /* let go: to its restarted call, or in it */
	struct restart restart;
	uint64_t sp;        /* 0: not known */
	uint64_t kernel_sp; /* the stack pointer at the stop, also where sp is another */
	bool own_frames;    /* it waits in the shim: sp and registers are those of the frame that called the shim */
	uint64_t thread_pointer;
	uint64_t registers[TARGET_REGISTERS]; /* general registers, and halves of vector registers */
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
	pid_t memory; /* the thread by which its memory is reached: pid, or another one if the first thread has ended */
	uint64_t since; /* CLOCK_MONOTONIC ns, just before the first thread was stopped */
	struct target_thread *threads;
	size_t thread_count, thread_room;
	struct target_map *maps; /* sorted by address */
	size_t map_count, map_room;
	bool own_alone; /* set before target_snapshot: leaves out pages that it still shares with its parent since fork
	                 */
	struct pages *pages; /* malloced; NULL before target_snapshot */
};

#define TARGET_WHY_BYTES 256

/* Calls run in a new thread, and returns when that thread has ended.  Where no thread can be made, calls it in this
 * one. */
void target_in_thread(void (*run)(void *context), void *context);

/* Stops all threads of the process.  False: why says what prevents it, and the process runs on. */
bool target_stop(struct target *target, pid_t pid, char why[TARGET_WHY_BYTES]);
/* Lets the threads run for a moment and stops them again: for a process that was stopped in the middle of something.
 * Result as of target_stop. */
bool target_stop_again(struct target *target, char why[TARGET_WHY_BYTES]);
/* Reads registers and mappings of the stopped process.  False: why says what prevents it. */
bool target_snapshot(struct target *target, char why[TARGET_WHY_BYTES]);
/* True if the process is still stopped: SIGKILL would have ended that. */
bool target_is_stopped(const struct target *target);
void target_resume(struct target *target);
void target_free(struct target *target);

/* Opens the memory of a process without stopping it: for tests, which look at themselves. */
bool target_open(struct target *target, pid_t pid);

/* Copies memory of the target.  Pages that the program has not touched, and pages that cannot be read, give zeros. */
void target_read(const struct target *target, uint64_t address, void *to, size_t bytes);
/* Reads constants of a module, also from pages that the program has not touched yet.  Returns the number of bytes read,
 * from address on. */
size_t target_fetch(const struct target *target, uint64_t address, void *to, size_t bytes);

/* The mapping that holds address, or NULL. */
const struct target_map *target_map_at(const struct target *target, uint64_t address);

/* Calls visit for each part of [start, end) that has pages.  The rest was never touched and holds nothing. */
void target_populated(const struct target *target, uint64_t start, uint64_t end,
                      void (*visit)(void *context, uint64_t start, uint64_t end), void *context);

/* The number of bytes that exist in the target and could not be read. */
uint64_t target_unread(const struct target *target);

#endif
