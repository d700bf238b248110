/*
 * Blocks threads for two seconds: 2 on a mutex, 1 on a read-write lock, 3 on a condition, 2 on a semaphore (one of
 * them in a once routine), and one each on a barrier, once-control, spin lock, futex, join and pipe; one more runs, and
 * main sleeps.  With an argument N, N forked processes do this, and main waits for them.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "shapes.h"

#define FOR_MS 2000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static sem_t sem;
static int word, ends[2];
static pthread_t reader;

static void *on_mutex(void *unused)
{
	pthread_mutex_lock(&mutex);
	return unused;
}

static void *on_rwlock(void *unused)
{
	pthread_rwlock_rdlock(&rwlock);
	return unused;
}

static void *on_cond(void *unused)
{
	pthread_mutex_lock(&other);
	for (;;)
		pthread_cond_wait(&cond, &other);
	return unused;
}

static void *on_sem(void *unused)
{
	sem_wait(&sem);
	return unused;
}

static void *on_barrier(void *unused)
{
	pthread_barrier_wait(&barrier);
	return unused;
}

static void on_sem_in_routine(void) { sem_wait(&sem); }

static void *on_once(void *unused)
{
	pthread_once(&once, on_sem_in_routine);
	return unused;
}

static void *on_spin(void *unused)
{
	pthread_spin_lock(&spin);
	return unused;
}

static void *on_futex(void *unused)
{
	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return unused;
}

static void *on_nothing(void *unused)
{
	for (;;)
		__asm__ volatile("");
	return unused;
}

static void *on_pipe(void *unused)
{
	char byte;

	must(read(ends[0], &byte, 1) >= 0);
	return unused;
}

static void *on_join(void *unused)
{
	pthread_join(reader, NULL);
	return unused;
}

static void block_all(void)
{
	static void *(*const routines[])(void *) = {on_mutex, on_mutex, on_rwlock, on_cond,   on_cond,
	                                            on_cond,  on_sem,   on_once,   on_once,   on_barrier,
	                                            on_spin,  on_futex, on_join,   on_nothing};

	pthread_mutex_lock(&mutex);
	pthread_rwlock_wrlock(&rwlock);
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	pthread_spin_lock(&spin);
	pthread_barrier_init(&barrier, NULL, 2);
	sem_init(&sem, 0, 0);
	must(pipe(ends) == 0);
	reader = start(on_pipe, NULL);
	for (size_t i = 0; i < sizeof routines / sizeof *routines; i++)
		start(routines[i], NULL);
	pause_ms(FOR_MS);
}

int main(int argc, char **argv)
{
	int processes = argc > 1 ? atoi(argv[1]) : 0;

	alarm(60);
	for (int i = 0; i < processes; i++)
		if (fork() == 0) {
			block_all();
			_exit(0);
		}
	if (!processes)
		block_all();
	while (wait(NULL) > 0)
		;
	return 0;
}
