#include "shim/tool.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "shim/atomics.h"
#include "shim/proc.h"
#include "shim/process.h"
#include "shim/sys.h"

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

/* In the library that valgrind preloads into the programs that it runs. */
extern void _vgnU_freeres(void) __attribute__((weak));

bool tool_under_valgrind(void) { return _vgnU_freeres; }

bool tool_find(struct tool *tool)
{
	struct dl_find_object found;

	if (_dl_find_object((void *)(uintptr_t)tool_find, &found) || !found.dlfo_link_map->l_name)
		return false;
	const char *library = found.dlfo_link_map->l_name, *slash = strrchr(library, '/');
	size_t length = slash ? (size_t)(slash + 1 - library) : 0;
	if (library[0] != '/' || length + strlen(tool->name) >= sizeof tool->path)
		return false;
	memcpy(tool->path, library, length);
	memcpy(tool->path + length, tool->name, strlen(tool->name) + 1);
	return sys_call6(SYS_faccessat, AT_FDCWD, (long)tool->path, 1 /* X_OK */, 0, 0, 0) == 0;
}

/* Starts a child in the program's own memory that runs on this stack, and never comes back from `run`.  All signals
 * must be held: a handler of the program's would run in its memory a second time.  The child makes system calls and
 * nothing else, because its thread-local state is that of the thread that starts it.  Debuggers do not see it as a
 * child of the program. */
static long start_on(unsigned char *stack, unsigned long flags, void (*run)(struct tool *), struct tool *argument)
{
	unsigned char *top = stack + TOOL_STACK_BYTES;
	long result;

	flags |= CLONE_VM | CLONE_UNTRACED;
#if defined(__x86_64__)
	register void (*run_in)(struct tool *) __asm__("r8") = run;
	register struct tool *argument_in __asm__("r9") = argument;
	register long ctid __asm__("r10") = 0;
	__asm__ volatile("syscall\n\t"
	                 "test %%rax, %%rax\n\t"
	                 "jnz 1f\n\t"
	                 "xor %%ebp, %%ebp\n\t"
	                 "mov %%r9, %%rdi\n\t"
	                 "call *%%r8\n\t"
	                 "ud2\n"
	                 "1:"
	                 : "=a"(result)
	                 : "0"((long)SYS_clone), "D"(flags), "S"(top), "d"(0L), "r"(ctid), "r"(run_in), "r"(argument_in)
	                 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone;
	register long x0 __asm__("x0") = (long)flags;
	register unsigned char *x1 __asm__("x1") = top;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;
	register void (*x5)(struct tool *) __asm__("x5") = run;
	register struct tool *x6 __asm__("x6") = argument;
	__asm__ volatile("svc 0\n\t"
	                 "cbnz x0, 1f\n\t"
	                 "mov x29, xzr\n\t"
	                 "mov x0, x6\n\t"
	                 "blr x5\n\t"
	                 "brk 0\n"
	                 "1:"
	                 : "+r"(x0)
	                 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x6)
	                 : "memory");
	result = x0;
	return result;
#endif
}

static _Noreturn void leave(int status)
{
	for (;;)
		sys_call3(SYS_exit_group, status, 0, 0);
}

/* Becomes the tool.  All signals stay blocked, so that signals for the program's group do not reach it. */
static void become_tool(struct tool *tool)
{
	const char *argv[] = {tool->name, tool->argument, NULL}, *envp[] = {NULL};

	for (int i = 0; i < 3; i++)
		sys_open("/dev/null", O_RDWR, 0);
	sys_call3(SYS_execve, tool->path, argv, envp);
	leave(127);
}

/* No descriptor of the program stays open in this process or in the tool. */
static void be_between(struct tool *tool)
{
	sys_call3(SYS_close_range, 0, ~0u, 0);
	long child = start_on(tool->tool_stack, SIGCHLD, become_tool, tool);
	store_release(&tool->pid, child > 0 ? (int)child : -1);
	while (tool->stays && child > 0 && sys_call6(SYS_wait4, child, 0, 0, 0, 0, 0) == -EINTR)
		;
	leave(0);
}

/* Without the process between, the tool would be a child of the program, because exec gives it an exit signal. */
long tool_start(struct tool *tool)
{
	uint64_t signals;

	tool->pid = 0;
	sys_hold_signals(&signals);
	long between = start_on(tool->between_stack, 0, be_between, tool);
	if (between > 0 && !tool->stays) {
		while (sys_call6(SYS_wait4, between, 0, __WCLONE, 0, 0, 0) == -EINTR)
			;
		between = tool->pid > 0 ? 0 : -EAGAIN;
	}
	sys_let_signals(&signals);
	return between;
}

/* The process between is no process of the program's: nothing that the program waits for ends it. */
bool tool_await_pid(struct tool *tool, long between)
{
	int pid;

	while (!(pid = load_acquire(&tool->pid)))
		if (between && sys_call6(SYS_wait4, between, 0, WNOHANG | __WCLONE, 0, 0, 0) != 0)
			return false;
		else
			sys_yield();
	return pid > 0;
}

bool tool_children_are_elsewhere(void)
{
	uint32_t space = process->header->pid_space;

	return space && proc_pid_namespace("/proc/thread-self/ns/pid_for_children") != space;
}

/* ---- Yama ------------------------------------------------------------------------------------- */

static struct { /* a forked child has the memory, and not what its parent has allowed */
	int by;
	unsigned long pid;
} allowed;

static void set_tracer(unsigned long pid) { sys_call6(SYS_prctl, PR_SET_PTRACER, (long)pid, 0, 0, 0, 0); }

void tool_program_allows(unsigned long pid)
{
	if (!process_is_ours())
		return;
	allowed.by = sys_getpid();
	allowed.pid = pid;
}

void tool_allow(long pid) { set_tracer((unsigned long)pid); }

void tool_disallow(void) { set_tracer(allowed.by == sys_getpid() ? allowed.pid : 0); }
