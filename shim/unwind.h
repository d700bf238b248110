/*
 * Unwinding: the rule of one address, and the engine that needs no shortcuts.
 */
#ifndef RINGTAIL_UNWIND_H
#define RINGTAIL_UNWIND_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/modules.h"
#include "shim/process.h"
#include "shim/stack_table.h"

#pragma GCC visibility push(hidden)

/*
 * A packed rule, 32 bits.  Nearly all code can be unwound from three values: pc, stack pointer and frame pointer.
 *
 *    bits 0-2   kind
 *    bit  3     the frame is the shim's own: unwind through it, do not show it
 *    bits 4-18  CFA offset from the register / 8
 *    bits 19-31 the caller's frame pointer is saved at CFA - this * 8; 0: it is in the register still
 */
enum unwind_kind {
	UNWIND_UNKNOWN = 0, /* not looked up yet */
	UNWIND_END,         /* the first frame of a thread: no caller */
	UNWIND_SP = 2,      /* CFA = sp + offset */
	UNWIND_BP = 3,      /* CFA = bp + offset */
	UNWIND_BP_DEREF,    /* CFA = *(bp - offset), bp saved at bp: functions that align their stack */
	UNWIND_COMPLEX,     /* needs the full engine */
	UNWIND_NONE,        /* no unwind information: the stack ends here, truncated */
};
#define UNWIND_KIND_MASK    7u
#define UNWIND_SHIM         8u
#define UNWIND_OFFSET_SHIFT 4
#define UNWIND_OFFSET_MAX   0x7fffu
#define UNWIND_BP_SHIFT     19
#define UNWIND_BP_MAX       0x1fffu

static inline enum unwind_kind unwind_kind(stack_rule rule) { return (enum unwind_kind)(rule & UNWIND_KIND_MASK); }

static inline uintptr_t unwind_offset(stack_rule rule)
{
	return (uintptr_t)(rule >> UNWIND_OFFSET_SHIFT & UNWIND_OFFSET_MAX) * 8;
}

static inline uintptr_t unwind_bp_offset(stack_rule rule) { return (uintptr_t)(rule >> UNWIND_BP_SHIFT) * 8; }

/* The rule of an address; never UNWIND_UNKNOWN.  object: the one that holds it, or NULL. */
stack_rule unwind_rule(const struct dl_find_object *object, uintptr_t pc, bool exact);

struct unwound_frame {
	uintptr_t pc;
	bool exact;
};

/* Unwinds the calling thread with all registers and every kind of rule, reading only memory that is there.
 * Frames below the stack pointer `from` (the shim's, operator new's) are left out, as are the shim's further
 * out.  [low, high) is the thread's own stack, which can be read directly.  Returns the number of frames, innermost
 * first, and in *root one of RT_ROOT_*.  Any thread, any stack, signal handlers too. */
unsigned unwind_full(uintptr_t from, uintptr_t low, uintptr_t high, struct unwound_frame *frames, unsigned most,
                     uint32_t *root);

/* Unwinds the calling thread through the shim and through `libc` to the frame that called it.  Tells its stack pointer,
 * and the registers that are known there (others are left as they are).  False: no such frame was found. */
bool unwind_to_program(const struct text_range *libc, uint64_t *registers, uintptr_t *sp);

#pragma GCC visibility pop

#endif
