/*
 * The guardian: a process that takes the int3s out of a program's code when its tracer has died, however it died.
 *
 * It learns of that by the end of its connection, which the kernel closes before it lets the traced threads go. Threads
 * that run into an int3 until the code is restored try again, by the program's handler of SIGTRAP (tracer_inject.h).
 *
 * The guardian is a child of the tracer, in a session of its own, so that a signal to the tracer's process group does
 * not reach both.  It ends with the tracer.
 */
#ifndef RINGTAIL_RACES_GUARDIAN_H
#define RINGTAIL_RACES_GUARDIAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct guardian {
	pid_t pid;
	int connection;
};

/* The code of a program that the guardian is to restore, and a word to be set to 0 after that. */
struct guarded {
	uint64_t start, bytes;
	uint64_t armed; /* address of the word */
};

/* Starts it.  False: errno says why. */
bool guardian_start(struct guardian *guardian);
/* Hands over what is to be restored; it takes the place of what was handed over before.  memory, original: descriptors
 * of the program's memory and of its code as it was; both stay the caller's.  False: the guardian has ended, or cannot
 * write to the memory. */
bool guardian_guard(struct guardian *guardian, const struct guarded *guarded, int memory, int original);
/* Nothing is to be restored any more: the program has ended, or another one has taken its place. */
bool guardian_forget(struct guardian *guardian);
/* Ends it.  What it guards is restored. */
void guardian_end(struct guardian *guardian);

#endif
