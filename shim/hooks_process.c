/* fork, exec, spawn, exit. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/address_space.h"
#include "shim/environment.h"
#include "shim/foreign.h"
#include "shim/hold.h"
#include "shim/hooks.h"
#include "shim/message.h"
#include "shim/races.h"
#include "shim/readable.h"
#include "shim/ring_map.h"
#include "shim/sanitizer.h"
#include "shim/scan.h"
#include "shim/sys.h"
#include "shim/traps.h"

/* ---- fork -------------------------------------------------------------------------------- */

static void record_fork(const struct caller *caller, pid_t child, enum rt_fork how)
{
	int error = errno;
	if (child > 0)
		record(thread_self(), caller, RT_FORK, rt_word1((uint64_t)child, how));
	errno = error;
}

/* Nothing is to be done in the child: its state was wiped, and its next event begins a ring of its own. */
pid_t fork(void)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	record(self, &caller, RT_FORKING, 0);
	thread_before_fork(self);
	pid_t child = real.fork();
	if (child == 0)
		hold_forked();
	thread_after_fork(self, child == 0);
	record_fork(&caller, child, RT_FORK_FORK);
	return child;
}

pid_t _Fork(void)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	record(self, &caller, RT_FORKING, 0);
	thread_before_fork(self);
	pid_t child = real._Fork();
	if (child == 0)
		hold_forked();
	thread_after_fork(self, child == 0);
	record_fork(&caller, child, RT_FORK_FORK);
	return child;
}

__attribute__((used, visibility("hidden"))) void *vfork_prepare(void);

/* vfork returns twice into its caller's frame, so its hook must have no frame.  It calls this function, which records
 * and returns the real vfork, and jumps there. */
void *vfork_prepare(void)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	record(self, &caller, RT_FORK, rt_word1(0, RT_FORK_VFORK));
	return (void *)real.vfork;
}

#if defined(__x86_64__)
__asm__(".text\n"
        ".globl vfork\n"
        ".type vfork, @function\n"
        "vfork:\n"
        "	.cfi_startproc\n"
        "	endbr64\n"
        "	subq $8, %rsp\n"
        "	.cfi_adjust_cfa_offset 8\n"
        "	call vfork_prepare\n"
        "	addq $8, %rsp\n"
        "	.cfi_adjust_cfa_offset -8\n"
        "	jmp *%rax\n"
        "	.cfi_endproc\n"
        ".size vfork, . - vfork\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl vfork\n"
        ".type vfork, %function\n"
        "vfork:\n"
        "	.cfi_startproc\n"
        "	stp x29, x30, [sp, -16]!\n"
        "	.cfi_adjust_cfa_offset 16\n"
        "	mov x29, sp\n"
        "	bl vfork_prepare\n"
        "	ldp x29, x30, [sp], 16\n"
        "	.cfi_adjust_cfa_offset -16\n"
        "	mov x16, x0\n"
        "	br x16\n"
        "	.cfi_endproc\n"
        ".size vfork, . - vfork\n");
#endif

/* ---- exec ------------------------------------------------------------------------------------
 *
 * A program that is started with LD_PRELOAD kept is told where to record, so that all of a run is in one place.  A
 * program that the shim would only break (foreign.h) is started without it.  What the program took out of the
 * environment stays out.  An environment that cannot be read goes to the kernel as it is, which refuses it. */

#define PRELOAD          "LD_PRELOAD="
#define OWN_NAME         "libringtail"
#define ENVIRONMENT_MOST 8192

static bool is_variable(const char *entry, const char *name)
{
	size_t length = strlen(name);
	return !strncmp(entry, name, length) && entry[length] == '=';
}

/* The environment's entry that preloads the shim; NULL: there is none. */
static const char *own_preload(char *const *envp)
{
	for (; envp && *envp; envp++)
		if (is_variable(*envp, "LD_PRELOAD"))
			return strstr(*envp, OWN_NAME) ? *envp : NULL;
	return NULL;
}

static bool names_run(char *const *envp)
{
	for (; *envp; envp++)
		if (environment_names_run(*envp))
			return true;
	return false;
}

/* True if a sanitizer's library is behind the shim in the list: AddressSanitizer refuses to start there. */
static bool preloads_sanitizer(const char *preload)
{
	for (preload = strstr(preload, OWN_NAME); *preload; preload += *preload != '\0') {
		size_t length = strcspn(preload, ": ");
		if (sanitizer_of_library(preload, length))
			return true;
		preload += length;
	}
	return false;
}

/* The program removed the shim from the environment.  It may, and `ringtail run` says how often it did.  A child that
 * has no ring yet counts in the ring of its parent, which it still has mapped. */
static void count_unfollowed(int by)
{
	struct rt_header *header = ring_map_header();
	if (header && environment_for_children())
		fetch_add_relaxed(&header->unfollowed, (uint32_t)by);
}

/* True for an exec as ldd makes it: the loader lists the program's libraries, among which the shim must not be, and
 * starts nothing that could be watched. */
static bool lists_libraries(char *const *envp)
{
	for (; *envp; envp++)
		if (is_variable(*envp, "LD_TRACE_LOADED_OBJECTS"))
			return true;
	return false;
}

/* The changes to the environment, and the room that these need. */
struct change {
	enum { AS_IT_IS, TELL, LEAVE_US_OUT, UNFOLLOWED } how;
	size_t entries, bytes;
};

static struct change plan(char *const *envp, const struct exec_target *target)
{
	size_t count;
	if (!readable_strings(envp, ENVIRONMENT_MOST, &count))
		return (struct change){AS_IT_IS, 0, 0};
	const char *preload = own_preload(envp);
	if (!preload) {
		count_unfollowed(1);
		return (struct change){UNFOLLOWED, 0, 0};
	}
	struct change leave_us_out = {LEAVE_US_OUT, count + 1, strlen(preload) + 1};
	if (lists_libraries(envp))
		return leave_us_out;
	const char *why = foreign_program(target);
	if (!why && preloads_sanitizer(preload))
		why = "not watched, as a sanitizer is preloaded behind ringtail";
	if (why) {
		message_once(why, target->path);
		return leave_us_out;
	}
	return environment_for_children() && !names_run(envp) ? (struct change){TELL, count + 2, 0}
	                                                      : (struct change){AS_IT_IS, 0, 0};
}

/* Copies the libraries of `preload` without the shim, with their separators. */
static char *without_us(const char *preload, char *to)
{
	char *end = to + strlen(PRELOAD);
	memcpy(to, PRELOAD, strlen(PRELOAD));
	for (preload += strlen(PRELOAD); *preload;) {
		size_t length = strcspn(preload, ": "), separator = preload[length] != '\0';
		const char *own = strstr(preload, OWN_NAME);
		if (!own || own >= preload + length) {
			memcpy(end, preload, length + separator);
			end += length + separator;
		}
		preload += length + separator;
	}
	*end = '\0';
	return to;
}

static char *const *preload_others(char *const *envp, char **room, char *text)
{
	size_t used = 0;
	for (; *envp; envp++)
		room[used++] = is_variable(*envp, "LD_PRELOAD") ? without_us(*envp, text) : *envp;
	room[used] = NULL;
	return room;
}

static char *const *tell(char *const *envp, char **room)
{
	size_t used = 0;
	for (; *envp; envp++)
		if (!is_variable(*envp, "RINGTAIL"))
			room[used++] = *envp;
	room[used++] = (char *)environment_for_children();
	room[used] = NULL;
	return room;
}

static char *const *carry_out(const struct change *change, char *const *envp, char **room, char *text)
{
	switch (change->how) {
	case TELL: return tell(envp, room);
	case LEAVE_US_OUT: return preload_others(envp, room, text);
	default: return envp;
	}
}

/* On the stack: a vfork child must not touch its parent's heap. */
#define EXTENDED(envp, ...)                                                                                            \
	struct change change = plan(envp, &(struct exec_target){__VA_ARGS__});                                         \
	char *change_room[change.entries + 1], change_text[change.bytes + 1];                                          \
	char *const *extended = carry_out(&change, envp, change_room, change_text);

/* Shells look for a program by trying to execute it in each directory of PATH.  If the exec is certain to fail, the
 * leak scan before it would stop the process for nothing.  Cases that cannot be judged here are left to exec. */
static bool is_no_file(const struct exec_target *target)
{
	if (sys_restricted || target->search || target->flags & AT_EMPTY_PATH)
		return false;
	long error = sys_call3(SYS_faccessat, target->directory, target->path, 0 /* F_OK */);
	return error == -ENOENT || error == -ENOTDIR;
}

static void about_to_exec(const struct caller *caller, const struct exec_target *target)
{
	struct thread *self = thread_self();
	if (!process_is_ours())
		return; /* a vfork child, or one that has recorded nothing */
	record(self, caller, RT_EXEC, 0);
	process_end(RT_END_EXEC, 0);
	if (is_no_file(target))
		return;
	races_end(RT_RACES_END_EXEC); /* the kernel gives a traced process no rights of a setuid program */
	scan_at_end(HOLD_EXEC);
}

static int exec_failed(const struct caller *caller, const struct change *change, int result)
{
	int error = errno;
	traps_after_program();
	if (change->how == UNFOLLOWED)
		count_unfollowed(-1);
	if (process_is_ours() || process_is_fresh_child())
		address_space_resume();
	if (process_is_ours()) {
		process_end(RT_END_RUNNING, 0);
		record(thread_self(), caller, RT_EXEC_FAILED, rt_word1(0, (unsigned)error & 0xffff));
	}
	errno = error;
	return result;
}

#define EXEC(envp, call, ...)                                                                                          \
	struct caller caller = CALLER();                                                                               \
	if (!process_is_fresh_child())                                                                                 \
		about_to_exec(&caller, &(struct exec_target){__VA_ARGS__});                                            \
	EXTENDED(envp, __VA_ARGS__)                                                                                    \
	address_space_pass_on();                                                                                       \
	traps_before_program();                                                                                        \
	return exec_failed(&caller, &change, call);

int execve(const char *path, char *const *argv, char *const *envp)
{
	EXEC(envp, real.execve(path, argv, extended), AT_FDCWD, path, 0, false)
}

int execv(const char *path, char *const *argv)
{
	EXEC(environ, real.execve(path, argv, extended), AT_FDCWD, path, 0, false)
}

int execvp(const char *file, char *const *argv)
{
	EXEC(environ, real.execvpe(file, argv, extended), AT_FDCWD, file, 0, true)
}

int execvpe(const char *file, char *const *argv, char *const *envp)
{
	EXEC(envp, real.execvpe(file, argv, extended), AT_FDCWD, file, 0, true)
}

int fexecve(int fd, char *const *argv, char *const *envp)
{
	EXEC(envp, real.fexecve(fd, argv, extended), fd, "", AT_EMPTY_PATH, false)
}

int execveat(int fd, const char *path, char *const *argv, char *const *envp, int flags)
{
	EXEC(envp, real.execveat(fd, path, argv, extended, flags), fd, path, flags, false)
}

static size_t count_arguments(va_list list)
{
	size_t count = 1;
	while (va_arg(list, char *))
		count++;
	return count;
}

/* Collects execl's list into argv[], and leaves `list` behind its NULL. */
#define ARGUMENTS(first)                                                                                               \
	va_list list;                                                                                                  \
	va_start(list, first);                                                                                         \
	size_t argument_count = count_arguments(list);                                                                 \
	va_end(list);                                                                                                  \
	char *argv[argument_count + 1];                                                                                \
	va_start(list, first);                                                                                         \
	argv[0] = (char *)first;                                                                                       \
	for (size_t i = 1; i <= argument_count; i++)                                                                   \
		argv[i] = va_arg(list, char *);

int execl(const char *path, const char *argument, ...)
{
	ARGUMENTS(argument)
	va_end(list);
	EXEC(environ, real.execve(path, argv, extended), AT_FDCWD, path, 0, false)
}

int execlp(const char *file, const char *argument, ...)
{
	ARGUMENTS(argument)
	va_end(list);
	EXEC(environ, real.execvpe(file, argv, extended), AT_FDCWD, file, 0, true)
}

int execle(const char *path, const char *argument, ...)
{
	ARGUMENTS(argument)
	char *const *envp = va_arg(list, char *const *);
	va_end(list);
	EXEC(envp, real.execve(path, argv, extended), AT_FDCWD, path, 0, false)
}

#define SPAWN(name, file, search)                                                                                      \
	struct caller caller = CALLER();                                                                               \
	pid_t child = 0;                                                                                               \
	thread_self();                                                                                                 \
	EXTENDED(envp, AT_FDCWD, file, 0, search)                                                                      \
	address_space_before_spawn();                                                                                  \
	traps_before_program();                                                                                        \
	int error = real.name(&child, file, actions, attr, argv, extended);                                            \
	traps_after_program();                                                                                         \
	address_space_after_spawn(child);                                                                              \
	if (error && change.how == UNFOLLOWED)                                                                         \
		count_unfollowed(-1);                                                                                  \
	if (!error && pid)                                                                                             \
		*pid = child;                                                                                          \
	if (!error)                                                                                                    \
		record_fork(&caller, child, RT_FORK_SPAWN);                                                            \
	return error;

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                char *const *argv, char *const *envp)
{
	SPAWN(posix_spawn, path, false)
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                 char *const *argv, char *const *envp)
{
	SPAWN(posix_spawnp, file, true)
}

/* ---- limits ---------------------------------------------------------------------------------------
 *
 * What the shim maps does not count: address_space.h.  A child that has recorded nothing has no use for its parent's
 * ring. */

static int set_address_space(const struct rlimit *limit, struct rlimit *old)
{
	return real.prlimit(0, RLIMIT_AS, limit, old);
}

static int limit_address_space(const struct rlimit *limit, struct rlimit *old)
{
	struct rlimit wanted;

	if (process_is_fresh_child())
		ring_map_drop();
	else if (!process_is_ours())
		return set_address_space(limit, old); /* a vfork child, or nothing is recorded */
	if (limit && sys_peek(limit, &wanted, sizeof wanted) == sizeof wanted)
		return address_space_set(&wanted, old, set_address_space);
	int result = set_address_space(limit, old);
	if (!result)
		address_space_show(old);
	return result;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	if (!process_is_fresh_child())
		thread_self();
	return resource == RLIMIT_AS && limit ? limit_address_space(limit, NULL) : real.setrlimit(resource, limit);
}

int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
	if (!process_is_fresh_child())
		thread_self();
	int result = real.getrlimit(resource, limit);
	if (!result && resource == RLIMIT_AS)
		address_space_show(limit);
	return result;
}

int prlimit(pid_t pid, __rlimit_resource_t resource, const struct rlimit *limit, struct rlimit *old)
{
	if (!process_is_fresh_child())
		thread_self();
	bool own = resource == RLIMIT_AS && (!pid || pid == sys_getpid());
	return own ? limit_address_space(limit, old) : real.prlimit(pid, resource, limit, old);
}

/* These types are the same under two names. */
_Static_assert(sizeof(struct rlimit) == sizeof(struct rlimit64), "struct rlimit64 is struct rlimit");

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
	return setrlimit(resource, (const struct rlimit *)limit);
}

int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit)
{
	return getrlimit(resource, (struct rlimit *)limit);
}

int prlimit64(pid_t pid, __rlimit_resource_t resource, const struct rlimit64 *limit, struct rlimit64 *old)
{
	return prlimit(pid, resource, (const struct rlimit *)limit, (struct rlimit *)old);
}

/* ---- the end ------------------------------------------------------------------------------------ */

static void about_to_end(enum rt_end_how how, int status)
{
	if (process_is_fresh_child())
		return;
	thread_self();
	process_end(how, status);
}

/* The handler registered at start-up notes the end, after all others; see process.c. */
void exit(int status)
{
	thread_self();
	real.exit(status);
	__builtin_unreachable();
}

void _exit(int status)
{
	about_to_end(RT_END_EXIT_NOW, status);
	scan_at_end(HOLD_END);
	real._exit(status);
	__builtin_unreachable();
}

void _Exit(int status)
{
	about_to_end(RT_END_EXIT_NOW, status);
	scan_at_end(HOLD_END);
	real._Exit(status);
	__builtin_unreachable();
}

/* The program's handlers come first; the shim's is the last of them. */
void quick_exit(int status)
{
	about_to_end(RT_END_EXIT_NOW, status);
	real.quick_exit(status);
	__builtin_unreachable();
}

void abort(void)
{
	about_to_end(RT_END_ABORT, 0);
	real.abort();
	__builtin_unreachable();
}
