/*
 * Call frame information: what .eh_frame says about one address.
 *
 * The format is that of the DWARF 4 standard, 6.4, as the LSB Core specification
 * ("Exception Frames") changes it for .eh_frame and .eh_frame_hdr.
 * No locks, no allocation, no system calls: the object is found by
 * _dl_find_object, which is lock-free and async-signal-safe (glibc 2.35).
 */
#ifndef RINGTAIL_CFI_H
#define RINGTAIL_CFI_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#if defined(__x86_64__)
#define CFI_REGISTERS 17 /* rax rdx rcx rbx rsi rdi rbp rsp r8-r15, return address */
#define CFI_BP        6
#define CFI_SP        7
#define CFI_RA        16
#elif defined(__aarch64__)
#define CFI_REGISTERS 33 /* x0-x30, sp, one to spare */
#define CFI_BP        29
#define CFI_SP        31
#define CFI_RA        30
#endif

enum cfi_how {
	CFI_SAME = 0, /* not changed: the register still has the caller's value */
	CFI_UNDEFINED,
	CFI_OFFSET,         /* saved at CFA + value */
	CFI_VAL_OFFSET,     /* is CFA + value */
	CFI_REGISTER,       /* is in register `value` */
	CFI_EXPRESSION,     /* saved at the address that the expression gives */
	CFI_VAL_EXPRESSION, /* is what the expression gives */
};

struct cfi_rule {
	uint8_t how;
	int64_t value; /* or the length of: */
	const uint8_t *expression;
};

/* How to find the caller's frame from one address. */
struct cfi_row {
	struct cfi_rule cfa; /* CFI_REGISTER (with cfa_offset) or CFI_VAL_EXPRESSION */
	int64_t cfa_offset;
	struct cfi_rule registers[CFI_REGISTERS];
	unsigned return_register;
	bool signal_frame;
};

/* The object that holds pc, or false. */
bool cfi_object(uintptr_t pc, struct dl_find_object *object);

/* The row for the instruction at pc in that object; false when it has none that can be used. */
bool cfi_find(const struct dl_find_object *object, uintptr_t pc, struct cfi_row *row);

#pragma GCC visibility pop

#endif
