/*
 * Allocations whose stacks cross a signal frame: malloc(101) in a handler on the thread's own stack, malloc(102) in one
 * on an alternate stack, malloc(103) in one for a fault in a function's first instruction (its address alone says which
 * function that is), and malloc(104) after leaving a handler by siglongjmp.  Ten of each.
 */
#include <setjmp.h>
#include <signal.h>

#include "say.h"

static sigjmp_buf back;
static char alternate[65536];

__attribute__((noinline)) static void allocate(size_t bytes)
{
	free(malloc(bytes));
	__asm__ volatile("");
}

static void on_own_stack(int number)
{
	(void)number;
	allocate(101);
}

static void on_alternate_stack(int number)
{
	(void)number;
	allocate(102);
}

static void on_fault(int number)
{
	allocate(103);
	siglongjmp(back, number);
}

/* Two functions with nothing between them; the second faults at once. */
void before_fault(void);
void faulting(void);
__asm__(".text\n"
        ".globl before_fault, faulting\n"
        ".type before_fault, %function\n"
        ".type faulting, %function\n"
        "before_fault:\n\t.cfi_startproc\n\t.cfi_def_cfa_offset 4096\n\tnop\n\t.cfi_endproc\n"
        ".size before_fault, . - before_fault\n"
        "faulting:\n\t.cfi_startproc\n"
#if defined(__x86_64__)
        "\tud2\n"
#else
        "\tudf #0\n"
#endif
        "\t.cfi_endproc\n"
        ".size faulting, . - faulting\n");

__attribute__((noinline)) static void interrupted(int number)
{
	raise(number);
	__asm__ volatile("");
}

__attribute__((noinline)) static void fault(void)
{
	if (sigsetjmp(back, 1) == 0)
		faulting();
	else
		allocate(104);
	__asm__ volatile("");
}

int main(void)
{
	sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, NULL);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_own_stack}, NULL);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = on_alternate_stack, .sa_flags = SA_ONSTACK}, NULL);
	sigaction(SIGILL, &(struct sigaction){.sa_handler = on_fault}, NULL);
	for (int i = 0; i < 10; i++) {
		interrupted(SIGUSR1);
		interrupted(SIGUSR2);
		fault();
	}
	say("done\n");
	return 0;
}
