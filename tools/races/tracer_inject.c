#include "tools/races/tracer_inject.h"

#if defined(__x86_64__)

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/base/proc.h"

#define PAGE         UINT64_C(4096)
#define SYSCALL_STOP 0x80
#define NEAR         (UINT64_C(1) << 30) /* of the code, so that 32 bits reach from there to all of the program */
#define LOWEST       UINT64_C(0x10000)

/* ---- the page of the handler -------------------------------------------------------------------- */

#define KERNEL_RESTORER 0x04000000

struct kernel_sigaction { /* as rt_sigaction has it */
	uint64_t handler, flags, restorer, mask;
};

struct handler_page {   /* the first page of the area; the assembly below knows its layout */
	uint32_t armed; /* int3s may be in the code */
	uint32_t unused;
	struct kernel_sigaction default_action, action;
	uint64_t text, text_bytes; /* whole pages */
	uint8_t code[];
};

_Static_assert(offsetof(struct handler_page, default_action) == 8, "known to the assembly");
_Static_assert(offsetof(struct handler_page, action) == 40, "known to the assembly");
_Static_assert(offsetof(struct handler_page, text) == 72, "known to the assembly");
_Static_assert(offsetof(struct handler_page, code) == 88, "known to the assembly");
_Static_assert(TEXT_AREA_BYTES == 0x100000, "known to the assembly");

/*
 * handler(signal, information, context).  168(%rdx) is the saved instruction pointer, 8(%rsi) is si_code.
 *
 *  - The thread is in a slot: it goes on there.  It was about to be let go by the tracer.
 *  - An int3, while the tracer's may be in the code: the pages of the code are dropped, so that the kernel takes them
 *    from the file again, and the thread tries again.  The guardian does the same at once and for all; this is for a
 *    child that fork was making when the tracer died, and for the case that both died.
 *  - An int3 later: the thread tries again.  If the int3 is still there, it is the program's own, and meets the default
 *    action.
 *  - A watchpoint of the tracer: the access is done, and the thread goes on.
 *  - SIGTRAP of another origin: it comes once more, after the handler.
 *
 * race_page_again installs the handler once more, and goes on at the address that lies 136 bytes below the stack
 * pointer. race_first_code maps the area, installs the handler and goes on where the thread was.  It runs before there
 * is an area, in another place.  Both keep all registers, so the thread goes on as it should also if the tracer dies
 * meanwhile.  If the tracer dies before it has filled the area, the action that is installed is the default one.
 */
#define SAVE                                                                                                           \
	"	pushfq; push %rax; push %rcx; push %rdx; push %rsi; push %rdi; push %r8; push %r9; push %r10; push "         \
	"%r11\n"
#define RESTORE "	pop %r11; pop %r10; pop %r9; pop %r8; pop %rdi; pop %rsi; pop %rdx; pop %rcx; pop %rax; popfq\n"
/* rax: the area, or an error of mmap, which makes rt_sigaction fail, too. */
#define INSTALL "	lea 40(%rax), %rsi; mov $5, %edi; xor %edx, %edx; mov $8, %r10d; mov $13, %eax; syscall\n"

__asm__(".pushsection .rodata\n"
        "race_page_code:\n"
        "	mov	168(%rdx), %rax\n"
        "	lea	race_page_code-88(%rip), %rcx\n"
        "	mov	%rax, %r8\n"
        "	sub	%rcx, %r8\n"
        "	cmp	$0x100000, %r8\n"
        "	jb	1f\n"
        "	cmpl	$6, 8(%rsi)\n" /* TRAP_PERF */
        "	je	1f\n"
        "	cmpl	$0x80, 8(%rsi)\n"
        "	jne	2f\n"
        "	dec	%rax\n"
        "	mov	%rax, 168(%rdx)\n"
        "	cmpl	$0, (%rcx)\n"
        "	je	4f\n"
        "	mov	72(%rcx), %rdi\n"
        "	mov	80(%rcx), %rsi\n"
        "	mov	$4, %edx\n"
        "	mov	$28, %eax\n" /* madvise, MADV_DONTNEED */
        "	push	%rdi\n"
        "	syscall\n"
        "	pop	%rdi\n"
        "	test	%eax, %eax\n"
        "	jz	1f\n"
        "	mov	$24, %edx\n" /* MADV_DONTNEED_LOCKED: after mlockall */
        "	mov	$28, %eax\n"
        "	syscall\n"
        "1:	ret\n"
        "2:	call	3f\n"
        "	mov	$39, %eax\n" /* getpid */
        "	syscall\n"
        "	mov	%eax, %r8d\n"
        "	mov	$186, %eax\n" /* gettid */
        "	syscall\n"
        "	mov	%r8d, %edi\n"
        "	mov	%eax, %esi\n"
        "	mov	$5, %edx\n"
        "	mov	$234, %eax\n" /* tgkill */
        "	syscall\n"
        "	ret\n"
        "4:	cmpb	$0xcc, (%rax)\n"
        "	jne	1b\n"
        "3:	lea	race_page_code-88+8(%rip), %rsi\n" /* the default action */
        "	mov	$5, %edi\n"
        "	xor	%edx, %edx\n"
        "	mov	$8, %r10d\n"
        "	mov	$13, %eax\n" /* rt_sigaction */
        "	syscall\n"
        "	ret\n"
        "race_page_restorer:\n"
        "	mov	$15, %eax\n" /* rt_sigreturn */
        "	syscall\n"
        "race_page_again:\n"
        "	lea	-136(%rsp), %rsp\n" /* past the red zone, and the address to go on at */
        SAVE "	lea	race_page_code-88(%rip), %rax\n" INSTALL RESTORE "	ret	$128\n"
        "race_page_end:\n"
        "race_first_code:\n"
        "	lea	-128(%rsp), %rsp\n" SAVE "	mov	race_first_place(%rip), %rdi\n"
        "	mov	$0x100000, %esi\n"
        "	mov	$5, %edx\n"         /* PROT_READ | PROT_EXEC */
        "	mov	$0x100022, %r10d\n" /* MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE */
        "	mov	$-1, %r8\n"
        "	xor	%r9d, %r9d\n"
        "	mov	$9, %eax\n" /* mmap */
        "	syscall\n" INSTALL RESTORE "	lea	128(%rsp), %rsp\n"
        "	jmp	*race_first_back(%rip)\n"
        "race_first_place: .quad 0\n"
        "race_first_back: .quad 0\n"
        "race_first_end:\n"
        ".popsection\n");

extern const uint8_t race_page_code[], race_page_restorer[], race_page_again[], race_page_end[];
extern const uint8_t race_first_code[], race_first_place[], race_first_back[], race_first_end[];

static uint64_t in_page(const struct text *text, const uint8_t *code)
{
	return text->area + offsetof(struct handler_page, code) + (uint64_t)(code - race_page_code);
}

static bool write_page(const struct text *text)
{
	union {
		struct handler_page page;
		uint8_t bytes[TEXT_HANDLER_ROOM];
	} page = {.page = {.armed = 1}};
	size_t code = (size_t)(race_page_end - race_page_code), bytes = sizeof page.page + code;

	page.page.action = (struct kernel_sigaction){
	    .handler = in_page(text, race_page_code),
	    .flags = SA_SIGINFO | SA_ONSTACK | KERNEL_RESTORER,
	    .restorer = in_page(text, race_page_restorer),
	};
	page.page.text = text->start & ~(PAGE - 1);
	page.page.text_bytes = (text->start + text->bytes - page.page.text + PAGE - 1) & ~(PAGE - 1);
	memcpy(page.page.code, race_page_code, code);
	return pwrite(text->memory, &page, bytes, (off_t)text->area) == (ssize_t)bytes;
}

uint64_t inject_armed_word(const struct text *text) { return text->area; }

/* ---- calls ------------------------------------------------------------------------------------------ */

/* Lets the thread run to its next stop at a system call.  False: it has stopped elsewhere, or has ended. */
static bool to_call(pid_t tid)
{
	siginfo_t info = {0};

	if (ptrace(PTRACE_SYSCALL, tid, NULL, NULL))
		return false;
	while (waitid(P_PID, (id_t)tid, &info, WSTOPPED | WEXITED | __WALL | WNOWAIT))
		if (errno != EINTR)
			return false;
	if (info.si_code != CLD_TRAPPED || info.si_status != (SIGTRAP | SYSCALL_STOP))
		return false;
	return waitpid(tid, NULL, __WALL) == tid;
}

static void set_rip(pid_t tid, uint64_t rip)
{
	ptrace(PTRACE_POKEUSER, tid, (void *)offsetof(struct user_regs_struct, rip), (void *)rip);
}

static uint64_t get_rip(pid_t tid)
{
	return (uint64_t)ptrace(PTRACE_PEEKUSER, tid, (void *)offsetof(struct user_regs_struct, rip), NULL);
}

static int64_t call_result(pid_t tid)
{
	return ptrace(PTRACE_PEEKUSER, tid, (void *)offsetof(struct user_regs_struct, rax), NULL);
}

/* ---- the area ----------------------------------------------------------------------------------------- */

/* The highest gap below the code; above it may be the heap, which grows.  0: there is none that is close. */
static uint64_t find_gap(pid_t pid, uint64_t below)
{
	char path[64], *line = NULL;
	unsigned long long start, end;
	uint64_t last = LOWEST, found = 0;
	size_t room = 0;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)process_number(pid));
	FILE *maps = fopen(path, "re");
	while (maps && getline(&line, &room, maps) > 0 && sscanf(line, "%llx-%llx", &start, &end) == 2 &&
	       start <= below) {
		if (start >= last + 3 * TEXT_AREA_BYTES)
			found = start - 2 * TEXT_AREA_BYTES;
		last = end;
	}
	if (maps)
		fclose(maps);
	free(line);
	return found && below - found < NEAR ? found : 0;
}

static bool has_page_code(const struct text *text, uint64_t area)
{
	uint8_t code[TEXT_HANDLER_ROOM];
	size_t bytes = (size_t)(race_page_end - race_page_code);
	off_t at = (off_t)(area + offsetof(struct handler_page, code));

	return pread(text->memory, code, bytes, at) == (ssize_t)bytes && !memcmp(code, race_page_code, bytes);
}

/* The area that a forked child has inherited from its parent.  0: there is none. */
static uint64_t find_inherited(const struct text *text, pid_t pid)
{
	char path[64], *line = NULL;
	unsigned long long start, end;
	uint64_t found = 0;
	size_t room = 0;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)process_number(pid));
	FILE *maps = fopen(path, "re");
	while (maps && !found && getline(&line, &room, maps) > 0 && sscanf(line, "%llx-%llx", &start, &end) == 2 &&
	       start <= text->start)
		if (end - start == TEXT_AREA_BYTES && has_page_code(text, start))
			found = start;
	if (maps)
		fclose(maps);
	free(line);
	return found;
}

static uint64_t trap_bit(pid_t tid, const char *name)
{
	return process_status_number(tid, name, 16) >> (SIGTRAP - 1) & 1;
}

bool inject_handles_trap(pid_t tid) { return trap_bit(tid, "SigCgt") || trap_bit(tid, "SigIgn"); }

#define SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))

bool inject_blocked_trap(pid_t tid)
{
	uint64_t mask, sign = SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGABRT);

	return !ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof mask, &mask) && (mask & sign) == sign;
}

/* A place for race_first_code that no thread executes: behind the code of a library, in the last page that is mapped
 * for it.  Not behind the executable's code, whose pages the handler drops.  0: there is none. */
static uint64_t find_tail(const struct text *text, pid_t pid, uint64_t bytes)
{
	char path[64], *line = NULL;
	unsigned long long start, end, offset;
	size_t room = 0;
	uint64_t found = 0;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)process_number(pid));
	FILE *maps = fopen(path, "re");
	while (maps && !found && getline(&line, &room, maps) > 0) {
		int name = 0;
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%llx-%llx r-xp %llx %*s %*s %n", &start, &end, &offset, &name) != 3 || !name ||
		    line[name] != '/' || start <= text->start)
			continue;
		uint64_t code = text_file_code_end(line + name, offset, end - start);
		if (code && end - start - code >= bytes)
			found = start + code;
	}
	if (maps)
		fclose(maps);
	free(line);
	return found;
}

static bool write_first(const struct text *text, uint64_t at, uint64_t area, uint64_t back)
{
	uint8_t code[512];
	size_t bytes = (size_t)(race_first_end - race_first_code);

	memcpy(code, race_first_code, bytes);
	memcpy(code + (race_first_place - race_first_code), &area, sizeof area);
	memcpy(code + (race_first_back - race_first_code), &back, sizeof back);
	return pwrite(text->memory, code, bytes, (off_t)at) == (ssize_t)bytes;
}

/* Follows the thread through its two calls, and fills the area between them. */
static enum inject_end follow(struct text *text, pid_t tid, uint64_t area)
{
	if (!to_call(tid) || !to_call(tid))
		return INJECT_INTERRUPTED;
	if ((uint64_t)call_result(tid) != area)
		return INJECT_REFUSED;
	text->area = area;
	if (!write_page(text))
		return INJECT_REFUSED;
	if (!to_call(tid) || !to_call(tid))
		return INJECT_INTERRUPTED;
	return call_result(tid) ? INJECT_REFUSED : INJECT_DONE;
}

static bool block_trap(pid_t tid)
{
	uint64_t mask;

	if (ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof mask, &mask))
		return false;
	mask |= SIGNAL_BIT(SIGTRAP);
	return !ptrace(PTRACE_SETSIGMASK, tid, (void *)sizeof mask, &mask);
}

enum inject_end inject_again(const struct text *text, pid_t tid, bool block)
{
	uint64_t rip = get_rip(tid);
	uint64_t sp = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, (void *)offsetof(struct user_regs_struct, rsp), NULL);

	if (block && !block_trap(tid))
		return INJECT_INTERRUPTED;
	if (pwrite(text->memory, &rip, sizeof rip, (off_t)(sp - 136)) != (ssize_t)sizeof rip)
		return INJECT_REFUSED;
	set_rip(tid, in_page(text, race_page_again));
	return to_call(tid) && to_call(tid) ? INJECT_DONE : INJECT_INTERRUPTED;
}

/* The handler there is the tracer's, as the shim starts no tracer for a program that has its own. */
static enum inject_end take_over(struct text *text, pid_t tid, uint64_t area)
{
	text->area = area;
	enum inject_end end = write_page(text) ? inject_again(text, tid, false) : INJECT_REFUSED;
	if (end != INJECT_DONE)
		text->area = 0;
	return end;
}

enum inject_end inject_prepare(struct text *text, pid_t pid, pid_t tid)
{
	uint64_t inherited = trap_bit(pid, "SigCgt") ? find_inherited(text, pid) : 0;

	if (inherited)
		return take_over(text, tid, inherited);
	uint64_t at = find_tail(text, pid, (uint64_t)(race_first_end - race_first_code)),
	         area = find_gap(pid, text->start);

	if (inject_handles_trap(pid) || !at || !area || !write_first(text, at, area, get_rip(tid)))
		return INJECT_REFUSED;
	set_rip(tid, at);
	enum inject_end end = follow(text, tid, area);
	if (end != INJECT_DONE)
		text->area = 0;
	return end;
}

#endif
