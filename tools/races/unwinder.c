#include "tools/races/unwinder.h"

#if defined(__x86_64__)

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/user.h>
#include <unistd.h>

#include "tools/base/fnv.h"
#include "tools/base/memory.h"

struct unwinder {
	pid_t pid;
	int memory;
	Dwfl *dwfl;       /* NULL: the modules are to be read */
	uint64_t modules; /* a hash of the mappings of code that dwfl knows */
	const struct user_regs_struct *registers;
};

struct walk {
	uint64_t *addresses;
	unsigned count, most;
	bool inside; /* behind the innermost frame */
};

/* ---- the process, as libdwfl sees it --------------------------------------------------------- */

static pid_t next_thread(Dwfl *dwfl, void *of_process, void **of_thread)
{
	const struct unwinder *unwinder = of_process;

	if (*of_thread)
		return 0;
	*of_thread = of_process;
	return unwinder->pid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *of_process, void **of_thread)
{
	*of_thread = of_process;
	return true;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *of_process)
{
	const struct unwinder *unwinder = of_process;

	return pread(unwinder->memory, word, sizeof *word, (off_t)address) == (ssize_t)sizeof *word;
}

/* In the order of their numbers in DWARF. */
static bool set_registers(Dwfl_Thread *thread, void *of_thread)
{
	const struct user_regs_struct *from = ((const struct unwinder *)of_thread)->registers;
	Dwarf_Word all[] = {from->rax, from->rdx, from->rcx, from->rbx, from->rsi, from->rdi,
	                    from->rbp, from->rsp, from->r8,  from->r9,  from->r10, from->r11,
	                    from->r12, from->r13, from->r14, from->r15, from->rip};

	return dwfl_thread_state_registers(thread, 0, sizeof all / sizeof *all, all);
}

/* The unwind tables of the modules themselves suffice. */
static int no_debug_file(Dwfl_Module *module, void **of_module, const char *name, Dwarf_Addr base, const char *path,
                         const char *link, GElf_Word checksum, char **found)
{
	return -1;
}

static bool open_modules(struct unwinder *unwinder)
{
	static const Dwfl_Callbacks files = {.find_elf = dwfl_linux_proc_find_elf, .find_debuginfo = no_debug_file};
	static const Dwfl_Thread_Callbacks threads = {.next_thread = next_thread,
	                                              .get_thread = get_thread,
	                                              .memory_read = read_word,
	                                              .set_initial_registers = set_registers};

	dwfl_end(unwinder->dwfl);
	unwinder->dwfl = dwfl_begin(&files);
	if (unwinder->dwfl && !dwfl_linux_proc_report(unwinder->dwfl, unwinder->pid) &&
	    !dwfl_report_end(unwinder->dwfl, NULL, NULL) &&
	    dwfl_attach_state(unwinder->dwfl, NULL, unwinder->pid, &threads, unwinder))
		return true;
	dwfl_end(unwinder->dwfl);
	unwinder->dwfl = NULL;
	return false;
}

/* Libraries may have been loaded or unloaded since the last walk. */
static uint64_t hash_modules(pid_t pid)
{
	char path[64], *line = NULL;
	uint64_t hash = FNV_START;
	size_t room = 0;
	ssize_t length;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	while (maps && (length = getline(&line, &room, maps)) > 0)
		if (strstr(line, " r-xp "))
			hash = fnv_bytes(hash, line, (size_t)length);
	if (maps)
		fclose(maps);
	free(line);
	return hash;
}

/* ---- walking ------------------------------------------------------------------------------------ */

static int add_frame(Dwfl_Frame *frame, void *context)
{
	struct walk *walk = context;
	Dwarf_Addr pc;
	bool exact;

	if (!dwfl_frame_pc(frame, &pc, &exact) || walk->count == walk->most)
		return DWARF_CB_ABORT;
	if (walk->inside)
		walk->addresses[walk->count++] = pc;
	walk->inside = true;
	return DWARF_CB_OK;
}

struct unwinder *unwinder_new(pid_t pid, int memory)
{
	struct unwinder *unwinder = memory_zeroed(1, sizeof *unwinder);

	unwinder->pid = pid;
	unwinder->memory = memory;
	return unwinder;
}

void unwinder_free(struct unwinder *unwinder)
{
	if (!unwinder)
		return;
	dwfl_end(unwinder->dwfl);
	free(unwinder);
}

unsigned unwinder_walk(struct unwinder *unwinder, const struct user_regs_struct *registers, uint64_t *addresses,
                       unsigned most, bool *whole)
{
	struct walk walk = {.addresses = addresses, .most = most};
	uint64_t modules = hash_modules(unwinder->pid);

	*whole = false;
	if ((!unwinder->dwfl || modules != unwinder->modules) && !open_modules(unwinder))
		return 0;
	unwinder->modules = modules;
	unwinder->registers = registers;
	*whole = !dwfl_getthread_frames(unwinder->dwfl, unwinder->pid, add_frame, &walk);
	return walk.count;
}

#endif
