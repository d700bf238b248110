/*
 * Stacks switched by hand, on mappings with an inaccessible page above and below, so that reading a word too far is a
 * crash.  The switching code keeps the old stack pointer in rbp.
 *  - honest: its unwind information says so (CFA = rbp + 16): malloc(161) has the frames of both stacks;
 *  - lying: it says CFA = rsp + 16, which after the switch is the inaccessible page: malloc(162) ends there;
 *  - first: the new stack begins with a return address of 0, and its information with it: malloc(163) is complete;
 *  - low: the new stack is used down to less than 1 KiB above the inaccessible page below it: malloc(164).
 */
#include <sys/mman.h>

#include "say.h"

#define STACK 65536

void honest(void (*function)(void), void *stack);
void lying(void (*function)(void), void *stack);
void first(void (*function)(void), void *stack);

/* rdi: the function, rsi: the new stack pointer. */
#define SWITCH(name, information, top)                                                                                 \
	__asm__(".text\n.globl " name "\n.type " name ", @function\n" name ":\n\t.cfi_startproc\n\tpushq %rbp\n\t"     \
	        ".cfi_def_cfa_offset 16\n\t.cfi_offset rbp, -16\n\tmovq %rsp, %rbp\n\t" information                    \
	        "\n\tmovq %rsi, %rsp\n\t" top "\n\tmovq %rbp, %rsp\n\tpopq %rbp\n\t.cfi_def_cfa rsp, 8\n\tret\n\t"     \
	        ".cfi_endproc\n.size " name ", . - " name "\n")

SWITCH("honest", ".cfi_def_cfa_register rbp", "call *%rdi");
SWITCH("lying", "", "call *%rdi");
SWITCH("first", ".cfi_def_cfa rsp, 8\n\t.cfi_undefined rip", "call *%rdi");

static void allocate_161(void)
{
	free(malloc(161));
	__asm__ volatile("");
}
static void allocate_162(void)
{
	free(malloc(162));
	__asm__ volatile("");
}
static void allocate_163(void)
{
	free(malloc(163));
	__asm__ volatile("");
}
static void allocate_164(void)
{
	free(malloc(164));
	__asm__ volatile("");
}

static char *new_stack(void)
{
	char *map = mmap(NULL, STACK + 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(map != MAP_FAILED && mprotect(map + 4096, STACK, PROT_READ | PROT_WRITE) == 0);
	return map + 4096;
}

__attribute__((noinline)) static void switch_stacks(char *stack)
{
	honest(allocate_161, stack + STACK);
	lying(allocate_162, stack + STACK);
	first(allocate_163, stack + STACK);
	honest(allocate_164, stack + 12288);
	__asm__ volatile("");
}

int main(void)
{
	char *stack = new_stack();

	for (int i = 0; i < 10; i++)
		switch_stacks(stack);
	say("done\n");
	return 0;
}
