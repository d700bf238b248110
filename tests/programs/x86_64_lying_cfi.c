/*
 * Wrong unwind information.  It says that the frame is at rbp, where there is none (191 bytes), or far above the stack
 * pointer (192), or that the caller's address is read by an expression from the address in rbp (193).  rbp holds an
 * unmapped address, pages that cannot be read, their edges, the ends of the address space and of the stack.  A hook
 * must survive all of them.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <pthread.h>
#include <sys/mman.h>

#include "say.h"

#define PAGE 4096ul

void frame_at_bp(uintptr_t bp, void (*work)(void));
void frame_far_up(uintptr_t bp, void (*work)(void));
void frame_by_expression(uintptr_t bp, void (*work)(void));

#define LIE(name, lie)                                                                                                 \
	__asm__(".globl " #name "\n.type " #name ", @function\n" #name ":\n.cfi_startproc\n"                           \
	        "push %rbp\nmov %rdi, %rbp\n" lie "call *%rsi\npop %rbp\nret\n"                                        \
	        ".cfi_endproc\n.size " #name ", . - " #name "\n")

LIE(frame_at_bp, ".cfi_def_cfa %rbp, 16\n.cfi_offset %rbp, -16\n");
LIE(frame_far_up, ".cfi_def_cfa %rsp, 0x3fff8\n.cfi_offset %rbp, -0x3ff00\n");
/* DW_CFA_def_cfa_expression: breg6 0, deref, deref */
LIE(frame_by_expression, ".cfi_escape 0x0f, 4, 0x76, 0, 6, 6\n");

static void at_bp(void) { free(malloc(191)); }
static void far_up(void) { free(malloc(192)); }
static void by_expression(void) { free(malloc(193)); }

static void survive(uintptr_t bp)
{
	frame_at_bp(bp, at_bp);
	frame_far_up(bp, far_up);
	frame_by_expression(bp, by_expression);
}

/* A readable page is between two unreadable ones: tries the slots before, at and after each of its edges. */
static void at_edges(void)
{
	char *base = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(base != MAP_FAILED && mprotect(base + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
	for (uintptr_t at = 0; at <= 40; at++) {
		survive((uintptr_t)base + PAGE - 20 + at);
		survive((uintptr_t)base + 2 * PAGE - 20 + at);
	}
}

static void *work(void *nothing)
{
	static const uintptr_t values[] = {0,
	                                   1,
	                                   8,
	                                   15,
	                                   4096,
	                                   UINT64_C(0x8000000000000000),
	                                   UINT64_C(0x7fffffffeff8),
	                                   UINT64_C(0x7ffffffff000),
	                                   UINT64_C(0xdeadbeefcafebabe),
	                                   UINTPTR_MAX - 15,
	                                   UINTPTR_MAX - 7,
	                                   UINTPTR_MAX};
	pthread_attr_t attributes;
	void *low;
	size_t bytes;

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		survive(values[i]);
	must(pthread_getattr_np(pthread_self(), &attributes) == 0);
	must(pthread_attr_getstack(&attributes, &low, &bytes) == 0);
	pthread_attr_destroy(&attributes);
	for (uintptr_t at = 0; at <= 40; at++)
		survive((uintptr_t)low + bytes - 20 + at);
	at_edges();
	return nothing;
}

int main(void)
{
	pthread_t thread;

	work(NULL);
	must(pthread_create(&thread, NULL, work, NULL) == 0);
	pthread_join(thread, NULL);
	say("survived\n");
	return 0;
}
