/*
 * Hands wrong pointers to every hooked function that takes one (bad_pointers.def), each in a process of its own, and
 * prints how the call ended: its result and errno, or the signal.
 *
 *   bad_pointers [PREFIX]    only functions whose names begin with PREFIX
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <malloc.h>
#include <mntent.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <shadow.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <utmpx.h>
#include <wchar.h>

#include "say.h"

#pragma GCC diagnostic ignored "-Wnonnull"
#pragma GCC diagnostic ignored "-Wfree-nonheap-object"
#pragma GCC diagnostic ignored "-Walloc-size-larger-than="

#define TRUE        "/bin/true"
#define WRONG_CLOCK ((clockid_t)CLOCK_BOOTTIME)
#define PAGE        4096

/* For calls that would wait for ever with a NULL p. */
#define UNLESS_NULL(call) (p ? (call) : -1)

/* ---- arguments that are right, or wrong in a way of their own --------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_t thread;
static once_flag once_c11 = ONCE_FLAG_INIT;
static mtx_t mutex_c11;
static cnd_t cond_c11;
static thrd_t thread_c11;
static sem_t semaphore;
static pid_t child;
static int word;
static const struct timespec past = {1, 0}, wrong = {1, -1};
static char *arguments[] = {"true", NULL}, *options_given[] = {"program", "-a", NULL};
static const struct option no_long[1];
static const struct timespec soon = {0, 1};
static struct epoll_event epolled;

static void nothing(void) {}
static int nothing_c11(void *unused) { return 0; }
static void *identity(void *argument) { return argument; }

static pid_t tid;
static void *note_tid(void *argument)
{
	__atomic_store_n(&tid, gettid(), __ATOMIC_SEQ_CST);
	return argument;
}

static pthread_mutex_t *held(void)
{
	must(pthread_mutex_lock(&mutex) == 0);
	return &mutex;
}

static mtx_t *held_c11(void)
{
	must(mtx_lock(&mutex_c11) == thrd_success);
	return &mutex_c11;
}

static int started(void) { return pthread_create(&thread, NULL, identity, NULL); }

/* Makes a thread whose kernel thread has ended, and which has not been joined. */
static int ended(void)
{
	pid_t gone;
	must(pthread_create(&thread, NULL, note_tid, NULL) == 0);
	while (!(gone = __atomic_load_n(&tid, __ATOMIC_SEQ_CST)) || tgkill(getpid(), gone, 0) == 0)
		usleep(100);
	return 0;
}

/* An environment with this variable and the caller's LD_PRELOAD. */
static char **with(char *variable)
{
	static char preload[PATH_MAX], *list[3];
	const char *before = getenv("LD_PRELOAD");
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", before ? before : "");
	list[0] = preload;
	list[1] = variable;
	return list;
}

static char *text_of(const char *text)
{
	static char copy[16];
	return strncpy(copy, text, sizeof copy - 1);
}

/* The end of a page behind which no memory is mapped. */
static char *end_of_memory(void)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pages != MAP_FAILED && munmap(pages + PAGE, PAGE) == 0);
	return pages + PAGE;
}

static char *text_without_end(void) { return memset(end_of_memory() - 20, 'A', 20); }

static char *const *list_without_end(void)
{
	char **list = (char **)end_of_memory() - 2;
	memcpy(list, with("A=b"), 2 * sizeof *list);
	return list;
}

static char *long_text(void)
{
	size_t bytes = 64 * PAGE;
	char *text = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(text != MAP_FAILED);
	memset(text, 'A', bytes - 1);
	return text;
}

#if defined(__x86_64__)
__asm__(".symver old_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
int old_cond_timedwait(void *old_cond, pthread_mutex_t *m, const struct timespec *t);
#endif

/* ---- wrong pointers ------------------------------------------------------------------------------- */

static void *null(void) { return NULL; }
static void *eight(void) { return (void *)8; }
static void *unmapped(void) { return end_of_memory() + 64; }

static void *with_protection(int protection)
{
	char *page = mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(page != MAP_FAILED);
	return page + 64;
}

static void *no_access(void) { return with_protection(PROT_NONE); }
static void *read_only_zeroes(void) { return with_protection(PROT_READ); }

static const struct kind {
	const char *name;
	void *(*make)(void);
} kinds[] = {
    {"NULL", null},
    {"8", eight},
    {"unmapped", unmapped},
    {"no access", no_access},
    {"read-only zeroes", read_only_zeroes},
};

/* ---- calls ------------------------------------------------------------------------------------------ */

static void returned(long result, int error) { say("returns %ld, errno %d\n", result, error); }

#define POINTER(function, argument, call)                                                                              \
	static void function##_##argument(void *p)                                                                     \
	{                                                                                                              \
		errno = 0;                                                                                             \
		long result = (long)(call);                                                                            \
		returned(result, errno);                                                                               \
	}
#include "bad_pointers.def"
#undef POINTER

typedef struct {
	char tag;
} nothrow_t;

#define NEW(...)
#define DELETE(name, type, size, params, args)                                                                         \
	extern void name params;                                                                                       \
	static void call_##name(void *block)                                                                           \
	{                                                                                                              \
		size_t bytes = 100, align = 64;                                                                        \
		const nothrow_t *nothrow = block;                                                                      \
		(void)bytes, (void)align, (void)nothrow;                                                               \
		name args;                                                                                             \
		returned(0, 0);                                                                                        \
	}
#include "shim/operators.def"
#undef DELETE

static const struct row {
	const char *function, *argument;
	void (*call)(void *p);
} rows[] = {
#define POINTER(function, argument, call) {#function, #argument, function##_##argument},
#include "bad_pointers.def"
#define DELETE(name, ...) {#name, "block", call_##name},
#include "shim/operators.def"
};

/* The child ends by SIGKILL, so that no leak scan delays its end. */
static void try_in_child(const struct row *row, const struct kind *kind)
{
	int status;
	say("%s, %s %s: ", row->function, row->argument, kind->name);
	pid_t pid = fork();
	must(pid >= 0);
	if (!pid) {
		alarm(60);
		row->call(kind->make());
		kill(getpid(), SIGKILL);
	}
	must(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status))
		say("exit %d\n", WEXITSTATUS(status));
	else if (WTERMSIG(status) != SIGKILL)
		say("signal %d\n", WTERMSIG(status));
}

int main(int argc, char **argv)
{
	const char *prefix = argc > 1 ? argv[1] : "";

	must(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
	must(sem_init(&semaphore, 0, 1) == 0 && pthread_barrier_init(&barrier, NULL, 1) == 0);
	must(mtx_init(&mutex_c11, mtx_timed) == thrd_success && cnd_init(&cond_c11) == thrd_success);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
			if (!strncmp(rows[i].function, prefix, strlen(prefix)))
				try_in_child(&rows[i], &kinds[k]);
	say("end\n");
	return 0;
}
