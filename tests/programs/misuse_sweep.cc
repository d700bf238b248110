/*
 * The sweep of wrong calls: two shapes of each row of tests/e2e/tables/sweep.def, a wrong one and the nearest correct
 * one, NAME_ok.  The first argument names the shape.
 */
/* The calls are wrong on purpose. */
#pragma GCC diagnostic ignored "-Wunused-result"
#pragma GCC diagnostic ignored "-Wfree-nonheap-object"
#pragma GCC diagnostic ignored "-Walloc-size-larger-than="

#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <locale>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <shared_mutex>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <threads.h>
#include <vector>

#include "shapes.h"

using namespace std::chrono_literals;

#define twice(...)                                                                                                     \
	([] {                                                                                                          \
		for (int i = 0; i < 2; i++)                                                                            \
			(void)(__VA_ARGS__);                                                                           \
	}())

/* ---- time ------------------------------------------------------------------------------------------ */

/* The result is valid until the next call in the same thread. */
static const timespec *in_ms(clockid_t clock, long ms)
{
	static thread_local timespec when;

	clock_gettime(clock, &when);
	when.tv_nsec += ms % 1000 * 1000000;
	when.tv_sec += ms / 1000 + when.tv_nsec / 1000000000;
	when.tv_nsec %= 1000000000;
	return &when;
}

static const timespec *now() { return in_ms(CLOCK_REALTIME, 0); }
static const timespec *soon() { return in_ms(CLOCK_REALTIME, 10); }
static const timespec *later() { return in_ms(CLOCK_REALTIME, 3000); }
static const timespec *later_monotonic() { return in_ms(CLOCK_MONOTONIC, 3000); }
static const timespec *much_later() { return in_ms(CLOCK_REALTIME, 40000); }
static const timespec *much_later_monotonic() { return in_ms(CLOCK_MONOTONIC, 40000); }
#define MONOTONIC CLOCK_MONOTONIC, in_ms(CLOCK_MONOTONIC, 10)

static auto wall() { return std::chrono::system_clock::now(); }

static const timespec bad_time = {0, 2000000000};

/* ---- objects ------------------------------------------------------------------------------------------ */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t errorcheck = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP, robust;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier, *in_block;
static sem_t sem;
static mtx_t mtx, other_mtx;
static cnd_t cnd;
static std::mutex std_mutex, std_other;
static std::timed_mutex std_timed;
static std::recursive_timed_mutex std_recursive;
static std::shared_timed_mutex std_shared;
static std::condition_variable std_cond;
static pthread_t thread, main_thread;

static void lock(pthread_mutex_t &it) { pthread_mutex_lock(&it); }
static void unlock(pthread_mutex_t &it) { pthread_mutex_unlock(&it); }
static void free_rwlock() { pthread_rwlock_unlock(&rwlock); }

static void make_objects()
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attributes);
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	mtx_init(&mtx, mtx_timed);
	mtx_init(&other_mtx, mtx_timed);
	cnd_init(&cnd);
}

/* ---- threads -------------------------------------------------------------------------------------------- */

using body = void (*)();

static void *run(void *it)
{
	reinterpret_cast<body>(it)();
	return nullptr;
}

static pthread_t start(body it)
{
	pthread_t made;

	must(pthread_create(&made, nullptr, run, reinterpret_cast<void *>(it)) == 0);
	return made;
}

static void in_thread(body it) { pthread_join(start(it), nullptr); }

static void nothing() {}
static void *nothing_of(void *it) { return it; }
static int nothing_c11(void *) { return 0; }

/* A thread with this body ends once another one calls tell(). */
static std::atomic<bool> told;
static void until_told()
{
	while (!told)
		pause_ms(1);
}
static void tell() { told = true; }

static void join_by_tries()
{
	while (pthread_tryjoin_np(thread, nullptr) == EBUSY)
		pause_ms(1);
}

static void cancel_self()
{
	pthread_cancel(pthread_self());
	pthread_testcancel();
}

static void at_exit(body it) { atexit(it); }
static void fast_exit() { _exit(0); }

/* The owner of `robust` ends with it locked. */
static void orphan()
{
	in_thread([] { lock(robust); });
}

static void in_child(body it)
{
	pid_t child = fork();

	if (!child) {
		it();
		_exit(0);
	}
	waitpid(child, nullptr, 0);
}

/* A pthread_t that is no thread's: glibc finds no thread id there. */
static pthread_t no_thread()
{
	static char memory[4096];

	memset(memory, 0xff, sizeof memory);
	return reinterpret_cast<pthread_t>(memory);
}

/* Attributes with a stack size that no mapping can have. */
static const pthread_attr_t *too_large()
{
	static pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, size_t(1) << 46);
	return &attributes;
}

/* Runs it with an address space too small for a thread's stack. */
static void in_small_space(body it)
{
	rlimit all, little;

	getrlimit(RLIMIT_AS, &all);
	little = {size_t(1) << 20, all.rlim_max};
	setrlimit(RLIMIT_AS, &little);
	it();
	setrlimit(RLIMIT_AS, &all);
}

/* ---- waiting ---------------------------------------------------------------------------------------------- */

static std::vector<pthread_t> waiters;
static std::atomic<pid_t> waiter_tid;
static body waits;

/* Returns when the waiter has been seen asleep twice in a row, or has ended. */
static void add_waiter(body it)
{
	waits = it;
	waiter_tid = 0;
	waiters.push_back(start([] {
		body mine = waits;
		waiter_tid = gettid();
		mine();
	}));
	while (!waiter_tid)
		pause_ms(1);
	for (int asleep = 0; asleep < 2; pause_ms(10)) {
		char state = thread_state(waiter_tid);

		if (!state)
			return;
		asleep = state == 'S' ? asleep + 1 : 0;
	}
}

static void join_waiters()
{
	for (pthread_t waiter : waiters)
		pthread_join(waiter, nullptr);
	waiters.clear();
}

/* The waiters wait for ever, and end with the process. */
static void detach_waiters()
{
	for (pthread_t waiter : waiters)
		pthread_detach(waiter);
}

static void wake()
{
	pthread_cond_broadcast(&cond);
	cnd_broadcast(&cnd);
	std_cond.notify_all();
	join_waiters();
}

static void monotonic_cond()
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&cond, &attributes);
}

/* The ways in which a waiter waits with the mutex m. */
#define WAIT(m)            (lock(m), pthread_cond_wait(&cond, &m), unlock(m))
#define TIMED(m)           (lock(m), pthread_cond_timedwait(&cond, &m, much_later()), unlock(m))
#define SHORT(m)           (lock(m), pthread_cond_timedwait(&cond, &m, soon()), unlock(m))
#define TIMED_MONOTONIC(m) (lock(m), pthread_cond_timedwait(&cond, &m, much_later_monotonic()), unlock(m))
#define CLOCK(m)           (lock(m), pthread_cond_clockwait(&cond, &m, CLOCK_MONOTONIC, much_later_monotonic()), unlock(m))
#define C11(m)             (mtx_lock(&m), cnd_wait(&cnd, &m), mtx_unlock(&m))
#define C11_TIMED(m)       (mtx_lock(&m), cnd_timedwait(&cnd, &m, much_later()), mtx_unlock(&m))
/* These waits end soon: pthread_cond_destroy waits for its waiters. */
#define BRIEF(m)       (lock(m), pthread_cond_timedwait(&cond, &m, later()), unlock(m))
#define BRIEF_CLOCK(m) (lock(m), pthread_cond_clockwait(&cond, &m, CLOCK_MONOTONIC, later_monotonic()), unlock(m))
#define BRIEF_C11(m)   (mtx_lock(&m), cnd_timedwait(&cnd, &m, later()), mtx_unlock(&m))
#define CXX(m, wait)                                                                                                   \
	{                                                                                                              \
		std::unique_lock<std::mutex> held(m);                                                                  \
		std_cond.wait;                                                                                         \
	}
#define CXX_FOR(m)   CXX(m, wait_for(held, 40s))
#define CXX_UNTIL(m) CXX(m, wait_until(held, wall() + 40s))
#define BARRIER(m)   pthread_barrier_wait(&barrier)
#define JOIN(m)      pthread_join(thread, nullptr)

#define wait_with(how, m) add_waiter([] { how(m); })

static void wait_sem(body it)
{
	sem_init(&sem, 0, 0);
	add_waiter(it);
}

/* ---- other helpers of rows ------------------------------------------------------------------------------- */

static void make_barrier() { in_block = static_cast<pthread_barrier_t *>(malloc(sizeof *in_block)); }

static pthread_barrier_t *shared_barrier;
static pthread_barrierattr_t process_shared;

/* Makes room for a barrier that a child shares. */
static void share_barrier()
{
	shared_barrier = static_cast<pthread_barrier_t *>(
	    mmap(nullptr, sizeof *shared_barrier, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pthread_barrierattr_init(&process_shared);
	pthread_barrierattr_setpshared(&process_shared, PTHREAD_PROCESS_SHARED);
}

/* Gives an uninitialised barrier a count: pthread_barrier_destroy of glibc never returns for one without. */
static void set_count(pthread_barrier_t &it)
{
	unsigned words[] = {0, 0, 1};

	memcpy(&it, words, sizeof words);
}

__attribute__((noinline)) static void barrier_in_frame()
{
	pthread_barrier_t here;

	pthread_barrier_init(&here, nullptr, 1);
	pthread_barrier_wait(&here);
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* A pointer whose value is hidden from the compiler. */
static struct pointer {
	void *it;

	pointer &operator=(const void *to)
	{
		*const_cast<void *volatile *>(&it) = const_cast<void *>(to);
		return *this;
	}
	operator void *() const { return *const_cast<void *const volatile *>(&it); }
	operator char *() const { return static_cast<char *>(operator void *()); }
	char *operator+(long bytes) const { return operator char *() + bytes; }
	char *operator-(long bytes) const { return operator char *() - bytes; }
	char **operator&() { return reinterpret_cast<char **>(&it); }
} block, next;
static long *volatile number;

static char data[4096];
static const volatile size_t huge = size_t(1) << 46; /* more memory than there is */
static size_t minus(size_t bytes) { return -*const_cast<volatile size_t *>(&bytes); }
static const auto CACHE_LINE = std::align_val_t(64);

extern "C" void free_sized(void *, size_t) noexcept __attribute__((weak));
extern "C" void free_aligned_sized(void *, size_t, size_t) noexcept __attribute__((weak));

#define OPAQUE __attribute__((noinline))
OPAQUE static void *take(size_t bytes) { return malloc(bytes); }
OPAQUE static void *calloc_of(size_t count, size_t bytes) { return calloc(count, bytes); }
OPAQUE static void *aligned(size_t align) { return aligned_alloc(align, 640); }
OPAQUE static void *make(size_t bytes) { return operator new(bytes); }
OPAQUE static void *make_array(size_t bytes) { return operator new[](bytes); }
OPAQUE static void *make_aligned(size_t bytes) { return operator new(bytes, CACHE_LINE); }
OPAQUE static void *make_aligned_array(size_t bytes) { return operator new[](bytes, CACHE_LINE); }
OPAQUE static char *copy_of(const char *text) { return strdup(text); }

struct base {
	long one;
};
struct derived : base {
	long two;
};
static base *volatile object;

/* An address in the frame of main, which lives until the end. */
static char *local_of_main;
static char *local()
{
	static thread_local char *here = local_of_main;
	char mine[64] = "";

	if (pthread_self() != main_thread)
		here = mine + 16;
	asm volatile("" : "+r"(here) : : "memory");
	return here;
}

static void (*give_back)(void *);

static void in_thread_with(void *it, void (*call)(void *))
{
	block = it;
	give_back = call;
	in_thread([] { give_back(block); });
}

static char *pages()
{
	return static_cast<char *>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void show(const void *it)
{
	block = it;
	until_told();
}

#define SHOW_LOCAL(m)                                                                                                  \
	([] {                                                                                                          \
		char here[64];                                                                                         \
		show(here + 16);                                                                                       \
	}())
#define SHOW_BLOCK(m) show(take(10))

/* ---- signal handlers ------------------------------------------------------------------------------------------ */

static body handled;

static void handle(body it)
{
	handled = it;
	signal(SIGUSR1, [](int) { handled(); });
}

static void in_handler(body it)
{
	handle(it);
	raise(SIGUSR1);
}

/* The signal comes while the program waits in a call of its own. */
static void in_waiting_handler(body it)
{
	sigset_t mask;

	handle(it);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &mask, nullptr);
	raise(SIGUSR1);
	sigemptyset(&mask);
	sigsuspend(&mask);
}

/* ---- shapes -------------------------------------------------------------------------------------------------- */

#define SWEEP(class, variant, wrong, near)                                                                             \
	static void class##_##variant() { (void)wrong; }                                                               \
	static void class##_##variant##_ok() { (void)near; }
#include "tests/e2e/tables/sweep.def"
#undef SWEEP

static const struct shape shapes[] = {
#define SWEEP(class, variant, wrong, near) SHAPE(class##_##variant), SHAPE(class##_##variant##_ok),
#include "tests/e2e/tables/sweep.def"
#undef SWEEP
};

int main(int argc, char **argv)
{
	char in_frame[64];

	main_thread = pthread_self();
	local_of_main = in_frame + 16;
	make_objects();
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
