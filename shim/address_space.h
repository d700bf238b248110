/*
 * RLIMIT_AS: what the shim maps must not count towards the program's limit of address space.
 *
 * The kernel counts the library, the ring and the threads' states together with what the program maps.  So where the
 * program's address space is limited, the shim gives the kernel that limit and as much more as it has mapped itself.
 * getrlimit tells the program its own limit:
 *
 *   A1  own      what the program believes its limit to be
 *   A2  given    what the kernel was given for it: soft, own and what the shim has mapped by now; hard, where that
 * would not leave room for it, own and a fixed amount, so that the kernel refuses just what it would have refused A3  a
 * value of the kernel's other than given was set from outside: it is the program's own from then on
 *
 * A hard limit that is set from the start can be raised only with privilege.  Without privilege the kernel is given no
 * more than that limit, the ring grows to a small share of it at most, and the program has less by what the shim maps.
 * A program that is executed is given own; system, popen and calls that go round the hooks pass given on.
 *
 * Where nothing is limited nothing is done.  Ordinary memory: a forked child has its parent's mappings and limits.
 */
#ifndef RINGTAIL_ADDRESS_SPACE_H
#define RINGTAIL_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#pragma GCC visibility push(hidden)

/* Once, before anything is mapped but the library. */
void address_space_start_up(void);

/* Counts so much as the shim's, and raises the kernel's limit by it if there is one.  Call it before the shim maps
 * that. */
void address_space_take(uint64_t bytes);
/* Takes that back: the shim has unmapped it, or could not map it. */
void address_space_give(uint64_t bytes);

/* Takes the shim's one lock, with signals held back.  False: another thread has held it for too long. */
bool address_space_enter(uint64_t *signals);
void address_space_leave(const uint64_t *signals);
/* With the lock held: takes so much, if the ring may grow by it. */
bool address_space_may_take(uint64_t bytes);
/* With the lock held: gives it back, as the ring could not grow. */
void address_space_untake(uint64_t bytes);

/* True if the program's address space is limited. */
bool address_space_is_limited(void);

/* The program sets a limit, by a call that returns what prlimit does.  *old, if any: what it was before, as the program
 * believes. */
typedef int address_space_call(const struct rlimit *limit, struct rlimit *old);
int address_space_set(const struct rlimit *limit, struct rlimit *old, address_space_call *call);
/* Turns what the kernel says into what the program believes.  NULL: nothing. */
void address_space_show(struct rlimit *limit);

/* Sets the program's own limit, for the program that is about to be executed. */
void address_space_pass_on(void);
/* Takes that back: exec failed. */
void address_space_resume(void);
/* A child that is spawned by libc begins with what the kernel has been given for this process: that is lowered
 * meanwhile where this process does not need it, and set in the child once that is there (0: it is not). */
void address_space_before_spawn(void);
void address_space_after_spawn(int child);

#pragma GCC visibility pop

#endif
