/*
 * The tracer's process: it waits for stops of the threads that it traces, and deals with each.
 *
 * A stop is first looked at (WNOWAIT) and consumed only if the thread is held.  If the tracer is killed, a stop that is
 * not consumed still delivers its signal.  For a signal of the program that is right; for an int3 the handler of
 * SIGTRAP sees to it.
 */
#include "tools/races/tracer_session.h"

#include <stdio.h>

#include "tools/races/tracer_parts.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/clock.h"
#include "tools/base/memory.h"
#include "tools/base/proc.h"
#include "tools/target/refused.h"

#define SYSCALL_STOP    0x80
#define QUIET_ROUNDS    4
#define QUIET_NS        500000
#define STOPS_AT_A_TIME 16u
#define SLEEP_LEAST     UINT64_C(50000)
#define LOOK_EVERY      UINT64_C(100000) /* while threads are held */
#define LATE_MOST       UINT64_C(200000) /* by which a sleep may end late and count as no longer than meant */
#define END_EVERY       UINT64_C(100000000)
#define OPTIONS                                                                                                        \
	(PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE |                    \
	 PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD)

uint64_t session_random(struct session *session)
{
	session->random += UINT64_C(0x9e3779b97f4a7c15);
	return u64_mix(u64_mix(session->random));
}

/* ---- the code ------------------------------------------------------------------------------------ */

/* Arms the code if two threads live and no other process has the memory, else takes the int3s out. */
static void choose_arming(struct session *session, uint64_t now)
{
	bool arm = session->prepared && !session->over && !session->vforks && HASH_COUNT(session->threads) > 1;
	struct races_figures *figures = &session->shared->figures;

	if (!session->prepared || arm == session->text.on)
		return;
	if (arm) {
		text_arm(&session->text);
		session->armed_since = session->ticked = now;
		if (figures->armed < session->text.armed)
			figures->armed = session->text.armed;
		return;
	}
	text_disarm(&session->text);
	figures->elapsed_ns += now - session->armed_since;
	session->armed_since = 0;
}

static void clear_armed_word(const struct session *session, int memory)
{
	uint32_t none = 0;

	if (pwrite(memory, &none, sizeof none, (off_t)inject_armed_word(&session->text)) < 0)
		return; /* the process has ended */
}

void session_give_up(struct session *session, const char *why)
{
	struct races_file *shared = session->shared;

	if (!*shared->why && *why)
		snprintf(shared->why, sizeof shared->why, "%s", why);
	session->over = true;
	uint64_t now = ring_clock_ns(CLOCK_MONOTONIC);
	choose_arming(session, now);
	if (session->prepared)
		clear_armed_word(session, session->text.memory);
	holds_end_all(session, now);
}

static bool guard(struct session *session)
{
	struct guarded guarded = {session->text.start, session->text.bytes, inject_armed_word(&session->text)};

	return guardian_guard(&session->guardian, &guarded, session->text.memory, session->text.original_file);
}

/* True if the program has filters of system calls that this process does not have: they may kill it for the calls that
 * prepare it. */
static bool is_filtered(pid_t pid)
{
	return process_status_number(pid, "Seccomp_filters", 10) >
	       process_status_number(getpid(), "Seccomp_filters", 10);
}

/* True for a thread that the tracer has left stopped, and that is in no stop any more: its process is being killed. */
static bool has_ended(pid_t tid)
{
	struct user_regs_struct registers;

	return ptrace(PTRACE_GETREGS, tid, NULL, &registers) && errno == ESRCH;
}

/* tid: a thread that has just been created and has not run yet.  False: it has stopped for another reason, or has
 * ended.
 */
static bool prepare(struct session *session, pid_t tid)
{
	struct error err;

	if (session->text.sites == NULL && !text_open(&session->text, session->pid, session->options.seed, &err)) {
		session_give_up(session, has_ended(tid) ? "" : err.text);
		return true;
	}
	if (is_filtered(tid)) {
		session_give_up(session, "the program filters its system calls (seccomp)");
		return true;
	}
	enum inject_end end = inject_prepare(&session->text, session->pid, tid);
	session->prepared = end == INJECT_DONE;
	session->shared->figures.sites = session->text.sites->count;
	if (!session->used_before)
		budget_begin(session);
	if (end != INJECT_DONE && has_ended(tid))
		return false;
	if (end == INJECT_INTERRUPTED)
		session_give_up(session, "its second thread was stopped while it was being created");
	else if (end == INJECT_REFUSED)
		session_give_up(session, inject_handles_trap(session->pid)
		                             ? "the program handles or ignores SIGTRAP, by which accesses are stopped"
		                             : "the kernel refuses memory beside the program's code");
	else if (!guard(session))
		session_give_up(session, "the process that would restore the program's code cannot write to it");
	return end != INJECT_INTERRUPTED;
}

/* ---- threads ---------------------------------------------------------------------------------------- */

struct traced *session_find(const struct session *session, pid_t tid)
{
	struct traced *thread;

	HASH_FIND_INT(session->threads, &tid, thread);
	return thread;
}

static struct traced *add_thread(struct session *session, pid_t tid)
{
	struct traced *thread = memory_zeroed(1, sizeof *thread);

	thread->tid = tid;
	thread->number = session->numbered++;
	HASH_ADD_INT(session->threads, tid, thread);
	if (session->shared->figures.threads < HASH_COUNT(session->threads))
		session->shared->figures.threads = HASH_COUNT(session->threads);
	return thread;
}

static void remove_thread(struct session *session, struct traced *thread, uint64_t now)
{
	holds_forget(session, thread, now);
	HASH_DEL(session->threads, thread);
	free(thread);
}

static void go_on(pid_t tid, int signal) { ptrace(PTRACE_CONT, tid, NULL, (void *)(uintptr_t)signal); }

void session_let_go(struct session *session, struct traced *thread) { go_on(thread->tid, 0); }

/* A thread may be in a slot when a signal comes.  The program's handlers shall see the place in the program's code. */
static void leave_slot(struct session *session, pid_t tid)
{
	struct user_regs_struct registers;
	siginfo_t info;

	if (!session->prepared || ptrace(PTRACE_GETREGS, tid, NULL, &registers) ||
	    !text_in_area(&session->text, registers.rip))
		return;
	registers.rip = text_outside(&session->text, registers.rip);
	ptrace(PTRACE_SETREGS, tid, NULL, &registers);
	if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) || !text_in_area(&session->text, (uint64_t)info.si_addr) ||
	    (info.si_signo != SIGFPE && info.si_signo != SIGILL && info.si_signo != SIGTRAP))
		return;
	info.si_addr = (void *)text_outside(&session->text, (uint64_t)info.si_addr);
	ptrace(PTRACE_SETSIGINFO, tid, NULL, &info);
}

/* ---- other processes ---------------------------------------------------------------------------------- */

static bool is_of_process(const struct session *session, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task/%d", (int)session->pid, (int)tid);
	return !access(path, F_OK);
}

/* A child of fork has a copy of the memory, with its int3s. */
static void restore_child(struct session *session, pid_t child)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/mem", (int)child);
	int memory = session->prepared ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (memory < 0)
		return;
	text_restore_child(&session->text, memory);
	clear_armed_word(session, memory);
	close(memory);
}

/* A child that has the memory runs without int3s, as it may exec: a traced process that executes a setuid program does
 * not get its rights. */
static void release_child(struct session *session, pid_t child, uint64_t now)
{
	if (!syscall(SYS_kcmp, session->pid, child, KCMP_VM, 0, 0)) {
		session->vforks++;
		choose_arming(session, now);
	} else {
		restore_child(session, child);
	}
	ptrace(PTRACE_DETACH, child, NULL, NULL);
}

/* The vfork is over, as the child has executed another program or has ended. */
static void end_vfork(struct session *session, uint64_t now)
{
	session->vforks -= session->vforks > 0;
	choose_arming(session, now);
}

/* For the first thread, before it has made another: all that come later are watched by what it has.  A thread that was
 * made in between would not be. */
static void open_watch(struct session *session)
{
	if (!session->watch_tried)
		session->watch_works = watch_works();
	session->watch_tried = true;
	if (session->watch_works)
		watch_open(&session->watch, session->pid);
}

/* Another program has taken the place of the one that was traced.  It runs untraced: its library starts a tracer of its
 * own. */
static void leave_image(struct session *session, pid_t tid)
{
	guardian_forget(&session->guardian);
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	session->over = true;
}

/* The program that is to be traced has begun. */
static void begin_image(struct session *session, uint64_t now)
{
	struct traced *thread, *next;

	HASH_ITER(hh, session->threads, thread, next)
	if (thread->tid != session->pid)
		remove_thread(session, thread, now);
	if (session->armed_since)
		session->shared->figures.elapsed_ns += now - session->armed_since;
	session->armed_since = 0;
	caught_end(session);
	text_close(&session->text);
	session->prepared = false;
	session->vforks = 0;
	u64_map_free(&session->seen);
	u64_map_free(&session->pairs);
	watch_close(&session->watch);
	open_watch(session);
	free(session->samples);
	session->samples = NULL;
	unwinder_free(session->unwinder);
	session->unwinder = NULL;
	memset(session->asked, 0, sizeof session->asked);
	session->options.before_exec = false;
	if (!guardian_forget(&session->guardian))
		session_give_up(session, "the process that would restore the program's code has ended");
}

/* ---- stops ----------------------------------------------------------------------------------------------- */

/* Takes a thread or process at its first stop.  True: it is a thread, and is to go on. */
static bool take_newcomer(struct session *session, pid_t tid, uint64_t now)
{
	bool good = true;

	if (!is_of_process(session, tid)) {
		release_child(session, tid, now);
		return false;
	}
	add_thread(session, tid);
	if (!session->prepared && !session->over)
		good = prepare(session, tid);
	choose_arming(session, now);
	return good;
}

/* Stopped by job control: it stays stopped until SIGCONT, and the tracer hears of that. */
static void stay_stopped(pid_t tid)
{
	if (ptrace(PTRACE_LISTEN, tid, NULL, NULL)) /* it has made calls for the tracer since that stop */
		go_on(tid, 0);
}

/* An event has no signal that could be lost, so it is consumed; after an exec the kernel insists on that. */
static void take_event(struct session *session, pid_t tid, int event, int signal, uint64_t now)
{
	waitpid(tid, NULL, __WALL | WNOHANG);
	if (event == PTRACE_EVENT_STOP && !session_find(session, tid) && !take_newcomer(session, tid, now))
		return;
	if (event == PTRACE_EVENT_EXEC && !session->options.before_exec) {
		leave_image(session, tid);
		return;
	}
	if (event == PTRACE_EVENT_EXEC)
		begin_image(session, now);
	else if (event == PTRACE_EVENT_VFORK_DONE)
		end_vfork(session, now);
	if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
		stay_stopped(tid);
	else
		go_on(tid, 0);
}

static bool is_int3(const siginfo_t *info) { return info->si_code == SI_KERNEL; }

static void take_trap(struct session *session, pid_t tid, uint64_t now)
{
	struct traced *thread = session_find(session, tid);
	struct user_regs_struct registers;
	siginfo_t info = {0};
	uint32_t site = TEXT_NO_SITE;
	bool known = session->prepared && thread && !ptrace(PTRACE_GETREGS, tid, NULL, &registers) &&
	             !ptrace(PTRACE_GETSIGINFO, tid, NULL, &info);

	if (known && watch_is_stop(&info)) {
		holds_watched(session, thread, &registers, &info, now);
		return;
	}
	if (known && is_int3(&info)) {
		if (caught_behind(session, thread, registers.rip, now))
			return;
		site = text_site_at(&session->text, registers.rip - 1);
	}
	if (site != TEXT_NO_SITE) {
		tracer_hit(session, thread, site, &registers, now);
		return;
	}
	if (session->prepared) {
		session_give_up(session, "the program has breakpoints of its own, or was sent SIGTRAP");
		leave_slot(session, tid);
	}
	go_on(tid, SIGTRAP);
}

static void take_stop(struct session *session, pid_t tid, int status, uint64_t now)
{
	int event = status >> 8, signal = status & 0xff;

	if (event) {
		take_event(session, tid, event, signal, now);
	} else if (signal == (SIGTRAP | SYSCALL_STOP)) {
		go_on(tid, 0);
	} else if (signal == SIGTRAP) {
		take_trap(session, tid, now);
	} else {
		leave_slot(session, tid);
		go_on(tid, signal);
	}
}

static void take_end(struct session *session, pid_t tid, uint64_t now)
{
	struct traced *thread = session_find(session, tid);

	waitpid(tid, NULL, __WALL | WNOHANG);
	if (tid == session->guardian.pid) {
		session->guardian.pid = 0;
		session_give_up(session, "the process that would restore the program's code has ended");
	}
	if (thread)
		remove_thread(session, thread, now);
	if (tid == session->pid)
		session->over = true;
	else
		choose_arming(session, now);
}

/* Deals with one stop.  False: there is none. */
static bool take_one(struct session *session)
{
	siginfo_t info = {0};

	if (waitid(P_ALL, 0, &info, WSTOPPED | WEXITED | __WALL | WNOHANG | WNOWAIT)) {
		session->over = true; /* there is nothing to wait for */
		return false;
	}
	if (!info.si_pid)
		return false;
	uint64_t now = ring_clock_ns(CLOCK_MONOTONIC);
	if (info.si_code == CLD_TRAPPED)
		take_stop(session, info.si_pid, info.si_status, now);
	else
		take_end(session, info.si_pid, now);
	return true;
}

/* ---- the loop ----------------------------------------------------------------------------------------------- */

/* Counts the time since the last call, but for that by which this process came late.  On a busy machine it waits for a
 * processor; the threads of the program wait then, too, and have not done what they were given time for. */
static void count_own_time(struct session *session, uint64_t now)
{
	uint64_t passed = now - session->own_at, most = session->slept_for + LATE_MOST;

	session->own += passed < most ? passed : most;
	session->own_at = now;
	session->slept_for = 0;
}

static uint64_t next_work(const struct session *session, uint64_t now)
{
	uint64_t wake = session->text.on ? text_next_wake(&session->text) : UINT64_MAX;
	uint64_t next = wake == UINT64_MAX ? wake : now + (wake > session->own ? wake - session->own : 0);
	uint64_t least = now + SLEEP_LEAST, look = session->options.end ? now + END_EVERY : UINT64_MAX;

	if (session->held_count && now + LOOK_EVERY < next)
		next = now + LOOK_EVERY;
	if (next > look)
		next = look;
	return next > least ? next : least;
}

/* Returns when there may be a stop, or work, or when this process is asked to end.  busy: returns at once. */
static void sleep_until_news(struct session *session, bool busy, uint64_t now)
{
	uint64_t next = busy ? now : next_work(session, now), wait = next - now;
	struct timespec time = {(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
	sigset_t news;

	sigemptyset(&news);
	sigaddset(&news, SIGCHLD);
	sigaddset(&news, SIGTERM);
	int signal = next == UINT64_MAX ? sigwaitinfo(&news, NULL) : sigtimedwait(&news, NULL, &time);
	session->slept_for = wait;
	if (signal == SIGTERM)
		session->over = true;
}

static void work(struct session *session, uint64_t now)
{
	count_own_time(session, now);
	if (session->text.on)
		text_wake(&session->text, session->own);
	holds_look(session, now);
	if (session->prepared)
		budget_tick(session, now);
}

/* Threads that have run into an int3 before it was taken out are let go.  Those that the tracer does not see any more
 * are the handler's. */
static void drain(struct session *session)
{
	for (int quiet = 0; quiet < QUIET_ROUNDS && session->threads;) {
		if (take_one(session)) {
			quiet = 0;
			continue;
		}
		nanosleep(&(struct timespec){0, QUIET_NS}, NULL);
		quiet++;
	}
}

static uint32_t asked_end(const struct session *session)
{
	return session->options.end ? __atomic_load_n(session->options.end, __ATOMIC_ACQUIRE) : 0;
}

/* The program can write to the word. */
static const char *why_asked(const struct session *session)
{
	uint32_t end = asked_end(session);
	const char *why = end < session->options.ends ? session->options.why_end[end] : NULL;

	return why ? why : "";
}

static void finish(struct session *session)
{
	session_give_up(session, why_asked(session));
	caught_end(session);
	budget_count(session);
	drain(session);
	if (session->guardian.pid)
		guardian_end(&session->guardian);
	__atomic_store_n(&session->shared->state, RACES_ENDED, __ATOMIC_RELEASE);
}

static void refuse(struct races_file *shared, const char *why)
{
	if (!*shared->why)
		snprintf(shared->why, sizeof shared->why, "%s", why);
	__atomic_store_n(&shared->state, RACES_REFUSED, __ATOMIC_RELEASE);
}

static void refused_by_kernel(struct races_file *shared, pid_t pid, int error)
{
	pid_t other = process_tracer(pid);

	if (other > 0)
		snprintf(shared->why, sizeof shared->why,
		         "a debugger or tracer (pid %d) is attached to it, and the kernel allows only one", (int)other);
	else
		refused_say(pid, error, shared->why, sizeof shared->why);
}

static void begin_file(struct races_file *file, pid_t pid, const struct tracer_options *options)
{
	memcpy(file->magic, RACES_MAGIC, sizeof file->magic);
	file->version = RACES_VERSION;
	file->pid = (uint32_t)pid;
	file->seed = options->seed;
	file->share = options->share;
}

/* Threads that were there before would run into int3s untraced. */
static bool has_one_thread(struct races_file *shared, pid_t pid)
{
	unsigned threads = (unsigned)process_status_number(pid, "Threads", 10);

	if (threads != 1)
		snprintf(shared->why, sizeof shared->why,
		         "the program has %u threads already, of which ringtail did not see the start", threads);
	return threads == 1;
}

static bool seize(struct races_file *shared, pid_t pid)
{
	if (!ptrace(PTRACE_SEIZE, pid, NULL, (void *)OPTIONS))
		return has_one_thread(shared, pid);
	refused_by_kernel(shared, pid, errno);
	return false;
}

struct session *session_begin(pid_t pid, const struct tracer_options *options, struct races_file *shared)
{
	struct session *session = memory_zeroed(1, sizeof *session);

	*session = (struct session){.pid = pid, .options = *options, .shared = shared, .random = options->seed};
	session->text = (struct text){.memory = -1, .original_file = -1};
	begin_file(shared, pid, options);
	if (asked_end(session)) {
		refuse(shared, why_asked(session));
	} else if (!guardian_start(&session->guardian)) {
		snprintf(shared->why, sizeof shared->why, "no process can be started (%s)", strerror(errno));
		refuse(shared, "");
	} else if (!seize(shared, pid)) {
		refuse(shared, "");
		guardian_end(&session->guardian);
	} else {
		add_thread(session, pid);
		open_watch(session);
		__atomic_store_n(&shared->state, RACES_WATCHING, __ATOMIC_RELEASE);
		return session;
	}
	free(session);
	return NULL;
}

void session_run(struct session *session)
{
	while (!session->over) {
		unsigned stops = 0;
		while (!session->over && stops < STOPS_AT_A_TIME && take_one(session))
			stops++;
		if (session->over || asked_end(session))
			break;
		uint64_t now = ring_clock_ns(CLOCK_MONOTONIC);
		work(session, now);
		sleep_until_news(session, stops == STOPS_AT_A_TIME, now);
	}
	finish(session);
}

#else

struct session *session_begin(pid_t pid, const struct tracer_options *options, struct races_file *shared)
{
	snprintf(shared->why, sizeof shared->why, "data races are looked for on x86-64 alone");
	shared->state = RACES_REFUSED;
	return NULL;
}

void session_run(struct session *session) {}

#endif
