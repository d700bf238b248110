/*
 * The call stacks of stopped threads of a traced process, by libdwfl, which takes the unwind tables from the files of
 * the process's modules.  Registers come from the caller, memory from /proc/PID/mem; no thread is touched.
 */
#ifndef RINGTAIL_RACES_UNWINDER_H
#define RINGTAIL_RACES_UNWINDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct user_regs_struct;
struct unwinder;

/* memory: a descriptor of /proc/PID/mem, which stays the caller's and open. */
struct unwinder *unwinder_new(pid_t pid, int memory);
void unwinder_free(struct unwinder *unwinder);
/* Writes the return addresses of a thread that has these registers, the innermost first, without its instruction
 * pointer; at most `most`.  Returns their number.  *whole: the last one belongs to the thread's first frame.  The
 * thread must not run meanwhile.  The first walk reads the modules, and takes about a millisecond. */
unsigned unwinder_walk(struct unwinder *unwinder, const struct user_regs_struct *registers, uint64_t *addresses,
                       unsigned most, bool *whole);

#endif
