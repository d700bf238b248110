/*
 * Threads that wait, each in another system call (waiting_calls.def): a stop from outside must not change what the
 * calls return, and when.
 *
 *   exit        each call without a time-out, and with one of minutes; ends when all threads wait
 *   loop FILE   each call without a time-out; and with one of a tenth of a second, again and again until FILE exists
 *   once CALL   this call alone, with a time-out of a second; ends when the call has returned
 *   hang FILE   as loop, and two threads that deadlock
 *
 * If a call returns anything but the result of its time-out, or returns earlier, the program prints that and ends
 * with 3.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "say.h"
#include "thread_state.h"

#define NEVER    12345
#define SHORT_MS 100
#define LONG_MS  300000
#define ONCE_MS  1000
#define JIFFY_MS 10    /* some calls count time in jiffies, and may return one too early even when no tool looks */
#define UNKNOWN  54321 /* this kernel does not have the call */

static const char *stop_file;

static struct timespec *span(int ms, struct timespec *time)
{
	*time = (struct timespec){ms / 1000, ms % 1000 * 1000000L};
	return ms < 0 ? NULL : time;
}

static long told(long result) { return result < 0 ? -errno : result; }

/* ---- polling -------------------------------------------------------------------------------- */

static long epoll_wait_(int ms)
{
	struct epoll_event event;
	int epoll = epoll_create1(0);
	long result = told(epoll_wait(epoll, &event, 1, ms));

	close(epoll);
	return result;
}

static long epoll_pwait_by(int ms, const sigset_t *mask)
{
	struct epoll_event event;
	int epoll = epoll_create1(0);
	long result = told(epoll_pwait(epoll, &event, 1, ms, mask));

	close(epoll);
	return result;
}

static long epoll_pwait_(int ms) { return epoll_pwait_by(ms, NULL); }

static long epoll_pwait_with_mask(int ms)
{
	sigset_t mask;

	sigfillset(&mask);
	return epoll_pwait_by(ms, &mask);
}

static long epoll_pwait2_(int ms)
{
	struct epoll_event event;
	struct timespec time;
	int epoll = epoll_create1(0);
	long result = told(syscall(SYS_epoll_pwait2, epoll, &event, 1, span(ms, &time), NULL, 0));

	close(epoll);
	return result;
}

static long poll_(int ms) { return told(poll(NULL, 0, ms)); }

static long ppoll_(int ms)
{
	struct timespec time;

	return told(ppoll(NULL, 0, span(ms, &time), NULL));
}

static long select_(int ms)
{
	struct timeval time = {ms / 1000, ms % 1000 * 1000};

	return told(select(0, NULL, NULL, NULL, ms < 0 ? NULL : &time));
}

static long pselect_(int ms)
{
	struct timespec time;

	return told(pselect(0, NULL, NULL, NULL, span(ms, &time), NULL));
}

/* ---- signals and time ------------------------------------------------------------------------ */

static sigset_t just(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return set;
}

static long sigtimedwait_(int ms)
{
	struct timespec time;
	sigset_t set = just(SIGUSR1);

	return told(sigtimedwait(&set, NULL, span(ms, &time)));
}

static long sigwaitinfo_(int ms)
{
	sigset_t set = just(SIGUSR2);

	(void)ms;
	return told(sigwaitinfo(&set, NULL));
}

static long pause_(int ms)
{
	(void)ms;
	return told(pause());
}

static long sigsuspend_(int ms)
{
	sigset_t none;

	(void)ms;
	sigemptyset(&none);
	return told(sigsuspend(&none));
}

static long nanosleep_(int ms)
{
	struct timespec time;

	span(ms < 0 ? LONG_MS : ms, &time);
	return told(nanosleep(&time, NULL));
}

static long clock_nanosleep_(int ms)
{
	struct timespec time;

	span(ms < 0 ? LONG_MS : ms, &time);
	return -clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static long futex_(int ms)
{
	struct timespec time;
	unsigned word = 0;

	return told(syscall(SYS_futex, &word, FUTEX_WAIT, 0, span(ms, &time), NULL, 0));
}

/* ---- System V --------------------------------------------------------------------------------- */

static int queue = -1, full_queue = -1;
static int semaphore = -1;

static void make_queues(void)
{
	struct msqid_ds status;
	struct {
		long type;
		char text[512];
	} message = {.type = 1};

	queue = msgget(IPC_PRIVATE, 0600);
	full_queue = msgget(IPC_PRIVATE, 0600);
	semaphore = semget(IPC_PRIVATE, 1, 0600);
	must(queue >= 0 && full_queue >= 0 && semaphore >= 0 && msgctl(full_queue, IPC_STAT, &status) == 0);
	while (msgsnd(full_queue, &message, sizeof message.text, IPC_NOWAIT) == 0)
		;
}

static void remove_queues(void)
{
	msgctl(queue, IPC_RMID, NULL);
	msgctl(full_queue, IPC_RMID, NULL);
	semctl(semaphore, 0, IPC_RMID);
}

static long semtimedop_(int ms)
{
	struct timespec time;
	struct sembuf down = {0, -1, 0};

	return told(semtimedop(semaphore, &down, 1, span(ms, &time)));
}

static long semop_(int ms)
{
	struct sembuf down = {0, -1, 0};

	(void)ms;
	return told(semop(semaphore, &down, 1));
}

static long msgrcv_(int ms)
{
	struct {
		long type;
		char text[16];
	} message;

	(void)ms;
	return told(msgrcv(queue, &message, sizeof message.text, 0, 0));
}

static long msgsnd_(int ms)
{
	struct {
		long type;
		char text[512];
	} message = {.type = 1};

	(void)ms;
	return told(msgsnd(full_queue, &message, sizeof message.text, 0));
}

/* ---- sockets ------------------------------------------------------------------------------------ */

struct pair {
	int a, b;
};

static void limit(int socket, int option, int ms)
{
	struct timeval time = {ms / 1000, ms % 1000 * 1000};

	if (ms >= 0)
		must(setsockopt(socket, SOL_SOCKET, option, &time, sizeof time) == 0);
}

static struct pair make_pair(int ms)
{
	int both[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
	limit(both[0], SO_RCVTIMEO, ms);
	limit(both[0], SO_SNDTIMEO, ms);
	return (struct pair){both[0], both[1]};
}

/* A pair whose send buffer is full. */
static struct pair make_full_pair(int ms)
{
	static const char text[4096];
	struct pair pair = make_pair(ms);

	while (send(pair.a, text, sizeof text, MSG_DONTWAIT) > 0)
		;
	return pair;
}

static long done(struct pair pair, long result)
{
	result = told(result);
	close(pair.a);
	close(pair.b);
	return result;
}

static char byte;
static struct iovec one = {&byte, 1};

static long recv_(int ms)
{
	struct pair pair = make_pair(ms);

	return done(pair, recv(pair.a, &byte, 1, 0));
}

static long recvmsg_(int ms)
{
	struct pair pair = make_pair(ms);
	struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1};

	return done(pair, recvmsg(pair.a, &message, 0));
}

static long recvmmsg_(int ms)
{
	struct pair pair = make_pair(ms);
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &one, .msg_iovlen = 1}};

	return done(pair, recvmmsg(pair.a, &message, 1, 0, NULL));
}

static long read_of_a_socket(int ms)
{
	struct pair pair = make_pair(ms);

	return done(pair, read(pair.a, &byte, 1));
}

static long readv_of_a_socket(int ms)
{
	struct pair pair = make_pair(ms);

	return done(pair, readv(pair.a, &one, 1));
}

static long send_(int ms)
{
	struct pair pair = make_full_pair(ms);

	return done(pair, send(pair.a, &byte, 1, 0));
}

static long sendmsg_(int ms)
{
	struct pair pair = make_full_pair(ms);
	struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1};

	return done(pair, sendmsg(pair.a, &message, 0));
}

static long write_to_a_socket(int ms)
{
	struct pair pair = make_full_pair(ms);

	return done(pair, write(pair.a, &byte, 1));
}

static int listen_somewhere(struct sockaddr_un *address, socklen_t *length)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	*length = sizeof address->sun_family; /* the kernel chooses the name */
	must(listener >= 0 && bind(listener, (struct sockaddr *)address, *length) == 0 && listen(listener, 0) == 0);
	*length = sizeof *address;
	must(getsockname(listener, (struct sockaddr *)address, length) == 0);
	return listener;
}

static long accept_(int ms)
{
	struct sockaddr_un address;
	socklen_t length;
	struct pair pair = {listen_somewhere(&address, &length), -1};

	limit(pair.a, SO_RCVTIMEO, ms);
	return done(pair, accept(pair.a, NULL, NULL));
}

/* Connects to a listener whose backlog is full. */
static long connect_(int ms)
{
	struct sockaddr_un address;
	socklen_t length;
	int listener = listen_somewhere(&address, &length), first = socket(AF_UNIX, SOCK_STREAM, 0);
	struct pair pair = {socket(AF_UNIX, SOCK_STREAM, 0), first};

	must(connect(first, (struct sockaddr *)&address, length) == 0);
	limit(pair.a, SO_SNDTIMEO, ms);
	long result = done(pair, connect(pair.a, (struct sockaddr *)&address, length));
	close(listener);
	return result;
}

/* ---- files -------------------------------------------------------------------------------------- */

static long io_events(long number, int ms)
{
	aio_context_t context = 0;
	struct io_event event;
	struct timespec time;

	if (syscall(SYS_io_setup, 1, &context))
		return UNKNOWN;
	long result = told(syscall(number, context, 1, 1, &event, span(ms, &time), NULL));
	syscall(SYS_io_destroy, context);
	return result;
}

static long io_getevents_(int ms) { return io_events(SYS_io_getevents, ms); }
static long io_pgetevents_(int ms) { return io_events(SYS_io_pgetevents, ms); }

static long io_uring_enter_(int ms)
{
	struct io_uring_params parameters = {0};
	struct timespec time;
	struct io_uring_getevents_arg argument = {.ts = (uintptr_t)span(ms, &time)};
	int ring = (int)syscall(SYS_io_uring_setup, 1, &parameters);
	long result = UNKNOWN;

	if (ring >= 0 && (ms < 0 || (parameters.features & IORING_FEAT_EXT_ARG)))
		result = told(syscall(SYS_io_uring_enter, ring, 0, 1,
		                      IORING_ENTER_GETEVENTS | (ms < 0 ? 0 : IORING_ENTER_EXT_ARG),
		                      ms < 0 ? NULL : &argument, ms < 0 ? 0 : sizeof argument));
	if (ring >= 0)
		close(ring);
	return result;
}

static long read_for_ever(int file)
{
	char buffer[4096];

	must(file >= 0);
	return told(read(file, buffer, sizeof buffer));
}

static long inotify_read(int ms)
{
	(void)ms;
	return read_for_ever(inotify_init1(0));
}

static long read_of_an_eventfd(int ms)
{
	(void)ms;
	return read_for_ever(eventfd(0, 0));
}

static long pipe_read(int ms)
{
	int both[2];

	(void)ms;
	must(pipe(both) == 0);
	return read_for_ever(both[0]);
}

static long flock_(int ms)
{
	int first = open("/proc/self/exe", O_RDONLY), second = open("/proc/self/exe", O_RDONLY);

	(void)ms;
	must(flock(first, LOCK_EX) == 0);
	return told(flock(second, LOCK_EX));
}

static pid_t child;

/* The child removes the queues after its parent has ended: if the parent did, its waiting threads would wake. */
static void make_child(void)
{
	pid_t parent = getpid();

	child = fork();
	must(child >= 0);
	if (child)
		return;
	while (getppid() == parent)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	remove_queues();
	_exit(0);
}

static long waitpid_(int ms)
{
	(void)ms;
	return told(waitpid(child, NULL, 0));
}

/* ---- threads --------------------------------------------------------------------------------------- */

struct call {
	const char *name;
	long (*wait)(int ms);
	long after;
};

static const struct call calls[] = {
#define WAITS(name, after) {#name, name, after},
#include "tests/programs/waiting_calls.def"
};

#define CALLS (sizeof calls / sizeof *calls)

static pid_t tids[2 * CALLS + 2];
static unsigned tid_count;
static int time_out;

static void note_tid(void)
{
	unsigned i = __atomic_fetch_add(&tid_count, 1, __ATOMIC_ACQ_REL);

	__atomic_store_n(&tids[i], (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static void accuse(const struct call *call, int ms, long result, long passed_ms)
{
	if (result == UNKNOWN)
		return;
	say("%s of %d ms: %ld after %ld ms\n", call->name, ms, result, passed_ms);
	_exit(3);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

__attribute__((noreturn)) static void *wait_for_ever(void *argument)
{
	const struct call *call = argument;
	long since = now_ms();

	note_tid();
	accuse(call, -1, call->wait(-1), now_ms() - since);
	for (;;)
		pause();
}

__attribute__((noreturn)) static void *wait_again_and_again(void *argument)
{
	const struct call *call = argument;

	note_tid();
	for (;;) {
		long since = now_ms(), result = call->wait(time_out), passed = now_ms() - since;
		if (result != call->after || passed < time_out - JIFFY_MS)
			accuse(call, time_out, result, passed);
	}
}

static void start(void *(*run)(void *), const struct call *call)
{
	pthread_t thread;
	pthread_attr_t small;

	must(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 256 << 10) == 0);
	must(pthread_create(&thread, &small, run, (void *)call) == 0);
	pthread_detach(thread);
}

static bool sleeps(pid_t tid)
{
	char state = thread_state(tid);

	must(state);
	return state == 'S';
}

static void await_all(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		while (!__atomic_load_n(&tids[i], __ATOMIC_ACQUIRE) || !sleeps(tids[i]))
			sched_yield();
}

/* ---- a deadlock -------------------------------------------------------------------------------------- */

static pthread_mutex_t locks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_barrier_t both_hold;

static void *hang(void *argument)
{
	long first = argument == locks ? 0 : 1;

	pthread_mutex_lock(&locks[first]);
	pthread_barrier_wait(&both_hold);
	pthread_mutex_lock(&locks[!first]);
	return NULL;
}

static void make_deadlock(void)
{
	pthread_t thread;

	pthread_barrier_init(&both_hold, NULL, 2);
	for (int i = 0; i < 2; i++)
		must(pthread_create(&thread, NULL, hang, &locks[i]) == 0);
}

static int make_once(const char *name)
{
	for (size_t i = 0; i < CALLS; i++) {
		if (strcmp(calls[i].name, name))
			continue;
		say("waits\n");
		long result = calls[i].wait(ONCE_MS);
		return result == calls[i].after || result == UNKNOWN ? 0 : 3;
	}
	return 4;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	bool at_exit = !strcmp(how, "exit");
	unsigned count = 0;

	stop_file = argc > 2 ? argv[2] : "";
	time_out = at_exit ? LONG_MS : SHORT_MS;
	make_queues();
	if (!strcmp(how, "once"))
		return make_once(stop_file);
	make_child();
	for (size_t i = 0; i < CALLS; i++) {
		start(wait_for_ever, &calls[i]);
		count++;
		if (calls[i].after != NEVER) {
			start(wait_again_and_again, &calls[i]);
			count++;
		}
	}
	if (!strcmp(how, "hang"))
		make_deadlock();
	if (at_exit)
		await_all(count);
	say("all wait\n");
	while (!at_exit && access(stop_file, F_OK))
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	return 0;
}
