/*
 * RLIMIT_AS: what the shim maps must not count.
 *
 * The kernel counts the library, the ring and the threads' states together with what the program maps.  So where the
 * program's address space is limited, the kernel is given that limit and as much more as is ours, and whoever asks by
 * getrlimit is told the program's own:
 *
 *   A1  own      what the program believes its limit to be
 *   A2  given    what the kernel was given for it: soft, own and what is ours by now; hard, where that would not leave
 *                room for it, own and a fixed amount, so that the kernel refuses just what it would have refused
 *   A3  a value of the kernel's other than given was set from outside: it is the program's own from then on
 *
 * A hard limit that was there before us can be raised only with privilege.  Without it the kernel is given no more than
 * that, the ring grows to a small share at most, and the program has less by what is ours.  A program that is executed
 * is given own; system, popen and what goes round the hooks pass given on.
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

/* Before so much is mapped for us, and when it is no more, or was not to be had. */
void address_space_take(uint64_t bytes);
void address_space_give(uint64_t bytes);

/* One thread at a time, and no signal handler.  False: another one could not be waited for. */
bool address_space_enter(uint64_t *signals);
void address_space_leave(const uint64_t *signals);
/* Between these: whether the ring may grow by so much, which is then taken; and where that came to nothing. */
bool address_space_may_take(uint64_t bytes);
void address_space_untake(uint64_t bytes);

/* Whether it is limited. */
bool address_space_is_limited(void);

/* The program sets a limit, by a call that returns what prlimit does.  *old, if any: what it was before, as the program
 * believes. */
typedef int address_space_call(const struct rlimit *limit, struct rlimit *old);
int address_space_set(const struct rlimit *limit, struct rlimit *old, address_space_call *call);
/* Turns what the kernel says into what the program believes.  NULL: nothing. */
void address_space_show(struct rlimit *limit);

/* Of a program that is about to be executed; and where that failed. */
void address_space_pass_on(void);
void address_space_resume(void);
/* A child that is spawned by libc begins with what the kernel has been given for this process: that is lowered meanwhile
 * where this process does not need it, and set in the child once that is there (0: it is not). */
void address_space_before_spawn(void);
void address_space_after_spawn(int child);

#pragma GCC visibility pop

#endif
