#include "tools/target/target.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/base/proc.h"
#include "tools/target/refused.h"

#define STOP_WITHIN_NS  UINT64_C(2000000000)
#define STOP_STEP_NS    50000
#define ENDED_AFTER_NS  UINT64_C(5000000)
#define TRACER_STEP_NS  1000000
#define BEGIN_WITHIN_NS UINT64_C(1000000000)
#define BEGIN_STEP_NS   20000
#define SYSCALL_STOP    0x80 /* in the status of a stop at a system call: PTRACE_O_TRACESYSGOOD */

/* ---- stopping -------------------------------------------------------------------------- */

static bool refuse(char *why, const char *text, int error)
{
	snprintf(why, TARGET_WHY_BYTES, text, strerror(error));
	return false;
}

static bool is_known(const struct target *target, pid_t tid)
{
	for (size_t i = 0; i < target->thread_count; i++)
		if (target->threads[i].tid == tid)
			return true;
	return false;
}

static bool is_running(pid_t pid, pid_t tid)
{
	struct process_stat stat;

	return process_stat(pid, tid, &stat) && stat.state != 'Z' && stat.state != 'X';
}

static bool refused_by_kernel(pid_t tid, char *why, int error)
{
	pid_t tracer = process_tracer(tid);

	if (tracer <= 0) {
		refused_say(tid, error, why, TARGET_WHY_BYTES);
		return false;
	}
	snprintf(why, TARGET_WHY_BYTES,
	         "a debugger or tracer (pid %d) is attached to it, and the kernel allows only one", (int)tracer);
	return false;
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Waits until another tracer, which may be another scan, is done. */
static void let_tracer_finish(pid_t pid)
{
	uint64_t until = monotonic_ns() + STOP_WITHIN_NS;

	while (process_tracer(pid) && monotonic_ns() < until)
		nanosleep(&(struct timespec){0, TRACER_STEP_NS}, NULL);
}

/* A thread that is about to end is left alone. */
static bool seize(struct target *target, pid_t tid, char *why)
{
	bool seized = !ptrace(PTRACE_SEIZE, tid, NULL, (void *)PTRACE_O_TRACESYSGOOD);

	if (!seized && errno == EPERM && process_tracer(tid)) {
		let_tracer_finish(tid);
		seized = !ptrace(PTRACE_SEIZE, tid, NULL, (void *)PTRACE_O_TRACESYSGOOD);
	}
	if (!seized) {
		int error = errno;
		if (error == ESRCH || !is_running(target->pid, tid))
			return true;
		return refused_by_kernel(tid, why, error);
	}
	GROW(target->threads, target->thread_room, target->thread_count + 1);
	struct target_thread *thread = &target->threads[target->thread_count++];
	*thread = (struct target_thread){.tid = tid};
	restart_probe(&thread->restart, target->pid, tid);
	return true;
}

/* Threads may create threads until all are stopped, so this is repeated until there is no new one. */
static bool seize_new(struct target *target, size_t *added, char *why)
{
	char path[64];
	struct dirent *entry;
	bool good = true;

	snprintf(path, sizeof path, "/proc/%d/task", (int)process_number(target->pid));
	DIR *tasks = opendir(path);
	if (!tasks)
		return refuse(why, "its threads cannot be listed (%s)", errno);
	*added = target->thread_count;
	while (good && (entry = readdir(tasks))) {
		pid_t tid = process_here((pid_t)atoi(entry->d_name));
		if (tid > 0 && !is_known(target, tid))
			good = seize(target, tid, why);
	}
	*added = target->thread_count - *added;
	closedir(tasks);
	return good;
}

/* For a thread that has ended: if it is a child of this process, its status is left for the waitpid of the code that
 * started it. */
static void leave_dead(struct target *target, struct target_thread *thread)
{
	struct process_stat stat;
	bool ours = thread->tid == target->pid && process_parent(thread->tid) == getpid();

	if (!ours && process_stat(target->pid, thread->tid, &stat))
		waitpid(thread->tid, NULL, __WALL | WNOHANG);
	thread->tid = 0;
}

/* status: the signal, and above its bits the ptrace event. */
static void note_stop(struct target *target, struct target_thread *thread, int status)
{
	bool by_job_control = status >> 8 && (status & 0x7f) != SIGTRAP;

	if (!(status >> 8))
		thread->signal = status & 0x7f;
	if (!by_job_control) /* job control would have interrupted the call, too */
		restart_begin(&thread->restart, target->pid, thread->tid);
	thread->stopped = true;
}

/* True: the thread has stopped or ended. */
static bool has_stopped(struct target *target, struct target_thread *thread)
{
	siginfo_t info = {0};

	if (thread->stopped || !thread->tid)
		return true;
	if (waitid(P_PID, (id_t)thread->tid, &info, WSTOPPED | WEXITED | __WALL | WNOHANG | WNOWAIT)) {
		thread->tid = 0;
		return true;
	}
	if (!info.si_pid)
		return false;
	if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
		leave_dead(target, thread);
	else if (info.si_code == CLD_TRAPPED)
		note_stop(target, thread, info.si_status);
	return thread->stopped || !thread->tid;
}

/* Looks at all threads in turn, so that a system call that a stop has interrupted is repaired at once.  late: a first
 * thread that has ended before the other threads is a zombie, and waitpid does not report it. */
static bool all_have_stopped(struct target *target, bool late, pid_t *missing)
{
	bool all = true;

	for (size_t i = 0; i < target->thread_count; i++) {
		struct target_thread *thread = &target->threads[i];
		if (has_stopped(target, thread))
			continue;
		if (late && !is_running(target->pid, thread->tid)) {
			thread->tid = 0;
			continue;
		}
		*missing = thread->tid;
		all = false;
	}
	return all;
}

static bool await_stops(struct target *target, char *why)
{
	uint64_t since = monotonic_ns(), now = since;
	pid_t missing = 0;

	for (; !all_have_stopped(target, now - since > ENDED_AFTER_NS, &missing); now = monotonic_ns()) {
		if (now - since > STOP_WITHIN_NS) {
			snprintf(why, TARGET_WHY_BYTES,
			         "its thread %d could not be stopped: the thread waits within the kernel",
			         (int)missing);
			return false;
		}
		nanosleep(&(struct timespec){0, STOP_STEP_NS}, NULL);
	}
	return true;
}

static bool interrupt_all(struct target *target, char *why)
{
	for (size_t i = 0; i < target->thread_count; i++)
		if (target->threads[i].tid && !target->threads[i].stopped)
			ptrace(PTRACE_INTERRUPT, target->threads[i].tid, NULL, NULL);
	return await_stops(target, why);
}

bool target_stop(struct target *target, pid_t pid, char why[TARGET_WHY_BYTES])
{
	size_t added;

	let_tracer_finish(pid);
	*target = (struct target){.pid = pid, .memory = pid, .since = monotonic_ns()};
	do {
		if (!seize_new(target, &added, why) || !interrupt_all(target, why)) {
			target_resume(target);
			return false;
		}
	} while (added);
	return true;
}

bool target_is_stopped(const struct target *target)
{
	struct process_stat stat;

	for (size_t i = 0; i < target->thread_count; i++)
		if (target->threads[i].tid) /* a fatal signal for one thread kills all */
			return process_stat(target->pid, target->threads[i].tid, &stat) && stat.state == 't';
	return false;
}

/* The mapping of a thread's stack; NULL if the stack is not known to lie in a mapping of its own. */
static const struct target_map *stack_of(const struct target *target, const struct target_thread *thread)
{
	const struct target_map *map = target_map_at(target, thread->kernel_sp);

	if (!map || (map->kind != MAP_MAIN_STACK &&
	             (thread->thread_pointer < map->start || thread->thread_pointer >= map->end)))
		return NULL;
	return map;
}

static void detach(struct target_thread *thread, int signal)
{
	ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)(uintptr_t)signal);
	thread->tid = 0;
}

/* follow: a thread whose call is restarted runs on to the place where the new call begins (restart.h). */
static void let_go(const struct target *target, struct target_thread *thread, bool follow)
{
	restart_end(&thread->restart, thread->tid, stack_of(target, thread));
	if (follow && !thread->signal && restart_is_due(&thread->restart, thread->tid) &&
	    !ptrace(PTRACE_SYSCALL, thread->tid, NULL, NULL))
		thread->going = GOING_TO_CALL;
	else
		detach(thread, thread->signal);
}

static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGTRAP ||
	       signal == SIGSYS;
}

/* A thread that is detached where a call begins finds a signal pending that is none, and its call returns EINTR.  So it
 * goes on traced until the tracer ends; then the kernel detaches it as it is.
 * status: signal, and above it the event. */
static void let_go_again(struct target_thread *thread, int status)
{
	int signal = status & 0x7f;

	if (status == (SIGTRAP | SYSCALL_STOP)) {
		thread->going = GOING_ON;
		ptrace(PTRACE_CONT, thread->tid, NULL, NULL);
	} else if (!(status >> 8)) {
		if (thread->going == GOING_TO_CALL && !is_fault(signal))
			restart_put_back(&thread->restart, thread->tid);
		detach(thread, signal);
	} else if (signal != SIGTRAP) { /* stopped by job control */
		detach(thread, 0);
	} else {
		ptrace(thread->going == GOING_TO_CALL ? PTRACE_SYSCALL : PTRACE_CONT, thread->tid, NULL, NULL);
	}
}

static void attend(struct target *target, struct target_thread *thread)
{
	siginfo_t info = {0};

	if (!thread->tid || !thread->going)
		return;
	if (waitid(P_PID, (id_t)thread->tid, &info, WSTOPPED | WEXITED | __WALL | WNOHANG | WNOWAIT))
		thread->tid = 0;
	else if (info.si_pid && info.si_code == CLD_TRAPPED)
		let_go_again(thread, info.si_status);
	else if (info.si_pid)
		leave_dead(target, thread);
}

static bool any_goes_to_call(const struct target *target)
{
	for (size_t i = 0; i < target->thread_count; i++)
		if (target->threads[i].tid && target->threads[i].going == GOING_TO_CALL)
			return true;
	return false;
}

/* A thread that does not get a processor in this time is left on its way. */
static void await_calls(struct target *target)
{
	uint64_t until = monotonic_ns() + BEGIN_WITHIN_NS;

	while (any_goes_to_call(target) && monotonic_ns() < until) {
		for (size_t i = 0; i < target->thread_count; i++)
			attend(target, &target->threads[i]);
		if (any_goes_to_call(target))
			nanosleep(&(struct timespec){0, BEGIN_STEP_NS}, NULL);
	}
}

/* The kernel lets a thread go that has not stopped (see above). */
static void resume(struct target *target, bool follow)
{
	for (size_t i = 0; i < target->thread_count; i++) {
		struct target_thread *thread = &target->threads[i];
		if (thread->tid && has_stopped(target, thread) && thread->stopped)
			let_go(target, thread, follow);
	}
	if (follow)
		await_calls(target);
	target->thread_count = 0;
}

/* True in a thread of target_in_thread, which is about to end. */
static _Thread_local bool ends_soon;

void target_resume(struct target *target) { resume(target, ends_soon); }

/* The threads are stopped again at once.  So they are not followed to their calls: they would remain traced. */
bool target_stop_again(struct target *target, char why[TARGET_WHY_BYTES])
{
	resume(target, false);
	nanosleep(&(struct timespec){0, STOP_STEP_NS}, NULL);
	pid_t pid = target->pid;
	target_free(target);
	return target_stop(target, pid, why);
}

struct in_thread {
	void (*run)(void *context);
	void *context;
};

static void *run_in_thread(void *argument)
{
	const struct in_thread *call = argument;

	ends_soon = true;
	call->run(call->context);
	return NULL;
}

void target_in_thread(void (*run)(void *context), void *context)
{
	struct in_thread call = {run, context};
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_in_thread, &call))
		run(context);
	else
		pthread_join(thread, NULL);
}

/* ---- registers ------------------------------------------------------------------------- */

static void add_registers(struct target_thread *thread, const void *from, size_t bytes)
{
	size_t count = bytes / sizeof(uint64_t);

	if (count > TARGET_REGISTERS - thread->register_count)
		count = TARGET_REGISTERS - thread->register_count;
	memcpy(thread->registers + thread->register_count, from, count * sizeof(uint64_t));
	thread->register_count += (unsigned)count;
}

static bool read_registers(struct target_thread *thread)
{
	struct user_regs_struct general;
	struct iovec place = {&general, sizeof general};

	if (ptrace(PTRACE_GETREGSET, thread->tid, (void *)NT_PRSTATUS, &place))
		return false;
	add_registers(thread, &general, place.iov_len);
#if defined(__x86_64__)
	struct user_fpregs_struct vector;
	thread->sp = thread->kernel_sp = general.rsp;
	thread->thread_pointer = general.fs_base;
	place = (struct iovec){&vector, sizeof vector};
	if (!ptrace(PTRACE_GETREGSET, thread->tid, (void *)NT_FPREGSET, &place))
		add_registers(thread, vector.xmm_space, sizeof vector.xmm_space);
#elif defined(__aarch64__)
	struct user_fpsimd_struct vector;
	thread->sp = thread->kernel_sp = general.sp;
	place = (struct iovec){&thread->thread_pointer, sizeof thread->thread_pointer};
	ptrace(PTRACE_GETREGSET, thread->tid, (void *)NT_ARM_TLS, &place);
	place = (struct iovec){&vector, sizeof vector};
	if (!ptrace(PTRACE_GETREGSET, thread->tid, (void *)NT_FPREGSET, &place))
		add_registers(thread, vector.vregs, sizeof vector.vregs);
#endif
	return true;
}

/* ---- mappings -------------------------------------------------------------------------- */

static enum map_kind kind_of(const char *path)
{
	if (!*path || !strncmp(path, "[anon", 5))
		return MAP_ANONYMOUS_MEMORY;
	if (!strcmp(path, "[heap]"))
		return MAP_BRK_HEAP;
	if (!strcmp(path, "[stack]"))
		return MAP_MAIN_STACK;
	if (*path == '[' ||
	    (!strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm/", 9) && strncmp(path, "/dev/hugepages/", 15) &&
	     strncmp(path, "/dev/zero", 9) /* shared memory without a name */))
		return MAP_NO_MEMORY;
	return MAP_FILE;
}

static void take_map(struct target *target, const char *line)
{
	unsigned long long start, end;
	char rights[8];
	int path = 0;

	if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %n", &start, &end, rights, &path) != 3 || start >= end)
		return;
	GROW(target->maps, target->map_room, target->map_count + 1);
	target->maps[target->map_count++] = (struct target_map){
	    .start = start,
	    .end = end,
	    .readable = rights[0] == 'r',
	    .writable = rights[1] == 'w',
	    .executable = rights[2] == 'x',
	    .shared = rights[3] == 's',
	    .kind = kind_of(line + path),
	    .path = kind_of(line + path) == MAP_FILE ? strdup(line + path) : NULL,
	};
}

static bool read_maps(struct target *target, char *why)
{
	char path[64], *line = NULL;
	size_t room = 0;
	ssize_t length;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)process_number(target->memory));
	FILE *maps = fopen(path, "re");
	if (!maps)
		return refuse(why, "its mappings cannot be read (%s)", errno);
	while ((length = getline(&line, &room, maps)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		take_map(target, line);
	}
	free(line);
	fclose(maps);
	return true;
}

/* A main thread that has ended while other threads go on has no memory any more: another thread's is used. */
static void choose_memory(struct target *target)
{
	for (size_t i = target->thread_count; i-- > 0;)
		if (target->threads[i].tid && target->threads[i].stopped)
			target->memory = target->threads[i].tid;
	for (size_t i = 0; i < target->thread_count; i++)
		if (target->threads[i].tid == target->pid && target->threads[i].stopped)
			target->memory = target->pid;
}

const struct target_map *target_map_at(const struct target *target, uint64_t address)
{
	size_t low = 0, high = target->map_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (target->maps[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < target->map_count && target->maps[low].start <= address ? &target->maps[low] : NULL;
}

/* ---- memory ---------------------------------------------------------------------------- */

static void open_pages(struct target *target)
{
	target->pages = memory_zeroed(1, sizeof *target->pages);
	pages_open(target->pages, target->memory);
	target->pages->own_alone = target->own_alone;
	pages_list(target->pages, target->maps, target->map_count);
}

bool target_open(struct target *target, pid_t pid)
{
	char why[TARGET_WHY_BYTES];

	*target = (struct target){.pid = pid, .memory = pid};
	if (!read_maps(target, why))
		return false;
	open_pages(target);
	return true;
}

void target_read(const struct target *target, uint64_t address, void *to, size_t bytes)
{
	pages_read(target->pages, address, to, bytes);
}

size_t target_fetch(const struct target *target, uint64_t address, void *to, size_t bytes)
{
	return pages_fetch(target->pages, address, to, bytes);
}

void target_populated(const struct target *target, uint64_t start, uint64_t end,
                      void (*visit)(void *context, uint64_t start, uint64_t end), void *context)
{
	const struct pages *pages = target->pages;

	for (size_t i = pages_find(pages, start); i < pages->count && pages->ranges[i].start < end; i++) {
		const struct page_range *range = &pages->ranges[i];
		visit(context, range->start > start ? range->start : start, range->end < end ? range->end : end);
	}
}

uint64_t target_unread(const struct target *target) { return target->pages ? target->pages->unread : 0; }

/* ---- the whole --------------------------------------------------------------------------- */

bool target_snapshot(struct target *target, char why[TARGET_WHY_BYTES])
{
	uint64_t word;

	choose_memory(target);
	for (size_t i = 0; i < target->thread_count; i++)
		if (target->threads[i].tid && !read_registers(&target->threads[i]))
			return refuse(why, "the registers of a thread cannot be read (%s)", errno);
	if (!read_maps(target, why))
		return false;
	open_pages(target);
	for (size_t i = 0; i < target->map_count; i++) {
		if (!target->maps[i].readable || target->maps[i].kind != MAP_FILE)
			continue;
		if (target_fetch(target, target->maps[i].start, &word, sizeof word) == sizeof word)
			return true;
		return refuse(why, "its memory cannot be read (%s)", errno);
	}
	return true;
}

void target_free(struct target *target)
{
	for (size_t i = 0; i < target->map_count; i++)
		free(target->maps[i].path);
	free(target->maps);
	free(target->threads);
	if (target->pages)
		pages_close(target->pages);
	free(target->pages);
	*target = (struct target){0};
}
