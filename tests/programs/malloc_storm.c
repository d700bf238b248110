/*
 * Three threads allocate, resize and free without end, each interrupted by a timer of its own every 100 us.
 * The handler takes and gives back a lock of its thread, posts, and allocates 77 bytes, in the
 * middle of whatever the thread does; where it has interrupted libc or the loader, which may be in their malloc,
 * it does not allocate.  The contents of blocks must not change.  Ends after 3000 signals a thread.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

#include "say.h"

#define THREADS   3
#define SIGNALS   3000
#define BLOCKS    64
#define LIBRARIES 8

static struct range {
	uintptr_t start, end;
} libraries[LIBRARIES];
static unsigned library_count;

static _Thread_local volatile sig_atomic_t handled, allocated, bad;
static _Thread_local pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local sem_t posted;

/* Finds the code of libc and the loader in /proc/self/maps. */
static void find_libraries(void)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");

	must(maps);
	while (fgets(line, sizeof line, maps)) {
		unsigned long start, end;

		if ((!strstr(line, "/libc.so") && !strstr(line, "/ld-linux")) || !strstr(line, "r-xp"))
			continue;
		must(sscanf(line, "%lx-%lx", &start, &end) == 2 && library_count < LIBRARIES);
		libraries[library_count++] = (struct range){start, end};
	}
	fclose(maps);
	must(library_count >= 2);
}

static uintptr_t interrupted_at(const ucontext_t *context)
{
#if defined(__x86_64__)
	return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
	return (uintptr_t)context->uc_mcontext.pc;
#endif
}

static bool in_libraries(uintptr_t pc)
{
	for (unsigned i = 0; i < library_count; i++)
		if (pc >= libraries[i].start && pc < libraries[i].end)
			return true;
	return false;
}

static void allocate(void)
{
	char *block = malloc(77);

	if (!block)
		bad = 1;
	memset(block, 7, 77);
	free(block);
	allocated++;
}

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	handled++;
	if (pthread_mutex_trylock(&lock) == 0)
		pthread_mutex_unlock(&lock);
	else
		bad = 2; /* no other thread takes it, and handlers of one signal do not nest */
	sem_post(&posted);
	if (!in_libraries(interrupted_at(context)))
		allocate();
}

static void start_timer(timer_t *timer)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	struct itimerspec every = {{0, 100000}, {0, 100000}};

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	must(timer_create(CLOCK_MONOTONIC, &event, timer) == 0);
	must(timer_settime(*timer, 0, &every, NULL) == 0);
}

static void check(const unsigned char *block, size_t bytes, unsigned char mark)
{
	if (block && (block[0] != mark || block[bytes - 1] != mark))
		bad = 3;
}

static void work(unsigned round)
{
	static _Thread_local unsigned char *blocks[BLOCKS];
	static _Thread_local size_t sizes[BLOCKS];
	unsigned i = round * 2654435761u % BLOCKS;
	size_t bytes = 1 + round % 3000;

	check(blocks[i], sizes[i], (unsigned char)i);
	if (round % 3) {
		free(blocks[i]);
		blocks[i] = round % 2 ? malloc(bytes) : calloc(1, bytes);
	} else {
		blocks[i] = realloc(blocks[i], bytes);
	}
	must(blocks[i]);
	memset(blocks[i], (int)i, bytes);
	sizes[i] = bytes;
}

static void *storm(void *argument)
{
	timer_t timer;
	int posts;

	sem_init(&posted, 0, 0);
	free(malloc(1)); /* the first malloc of a thread sets up its state: not in a handler */
	start_timer(&timer);
	for (unsigned round = 0; handled < SIGNALS; round++)
		work(round);
	timer_delete(timer);
	sem_getvalue(&posted, &posts);
	must(posts >= SIGNALS && allocated > 0);
	return (void *)(long)bad;
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_RESTART | SA_SIGINFO};
	pthread_t threads[THREADS];

	find_libraries();
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, storm, NULL) == 0);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		say("thread %d: bad %ld\n", i, (long)result);
	}
	return 0;
}
