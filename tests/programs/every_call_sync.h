/* every_call: spin locks, conditions, barriers, semaphores, once, futexes. */
#include <fcntl.h>
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/syscall.h>

static void *try_spin(void *argument)
{
	returns(pthread_spin_trylock(argument));
	return NULL;
}

static void every_spin_call(void)
{
	static pthread_spinlock_t spin;

	say("-- spin\n");
	returns(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
	returns(pthread_spin_lock(&spin));
	elsewhere(try_spin, (void *)&spin);
	returns(pthread_spin_unlock(&spin));
	returns(pthread_spin_trylock(&spin));
	returns(pthread_spin_unlock(&spin));
	returns(pthread_spin_destroy(&spin));
}

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int stage;
} meeting = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void *signal_it(void *argument)
{
	pthread_mutex_lock(&meeting.mutex);
	meeting.stage++;
	if (argument)
		returns(pthread_cond_broadcast(&meeting.cond));
	else
		returns(pthread_cond_signal(&meeting.cond));
	pthread_mutex_unlock(&meeting.mutex);
	return NULL;
}

static void wait_for_stage(int stage, void *how)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, signal_it, how) == 0);
	while (meeting.stage < stage)
		must(pthread_cond_wait(&meeting.cond, &meeting.mutex) == 0);
	pthread_mutex_unlock(&meeting.mutex);
	must(pthread_join(thread, NULL) == 0);
	pthread_mutex_lock(&meeting.mutex);
}

static void every_cond_call(void)
{
	struct timespec real = from_now(CLOCK_REALTIME, 2), mono = from_now(CLOCK_MONOTONIC, 2);
	struct timespec wrong = {0, -1};

	say("-- cond\n");
	returns(pthread_cond_init(&meeting.cond, NULL));
	pthread_mutex_lock(&meeting.mutex);
	returns(pthread_cond_timedwait(&meeting.cond, &meeting.mutex, &real));
	returns(pthread_cond_timedwait(&meeting.cond, &meeting.mutex, &wrong));
	returns(pthread_cond_clockwait(&meeting.cond, &meeting.mutex, CLOCK_MONOTONIC, &mono));
	returns(pthread_cond_clockwait(&meeting.cond, &meeting.mutex, CLOCK_PROCESS_CPUTIME_ID, &mono));
	wait_for_stage(1, NULL);
	wait_for_stage(2, "broadcast");
	returns(pthread_mutex_unlock(&meeting.mutex));
	returns(pthread_cond_signal(&meeting.cond));
	returns(pthread_cond_broadcast(&meeting.cond));
	returns(pthread_cond_destroy(&meeting.cond));
}

static pthread_barrier_t barrier;

static void *at_barrier(void *argument)
{
	int *serial = argument;

	*serial = pthread_barrier_wait(&barrier);
	return NULL;
}

static void every_barrier_call(void)
{
	int results[2];
	pthread_t thread;

	say("-- barrier\n");
	returns(pthread_barrier_init(&barrier, NULL, 0));
	returns(pthread_barrier_init(&barrier, NULL, 2));
	must(pthread_create(&thread, NULL, at_barrier, &results[0]) == 0);
	at_barrier(&results[1]);
	must(pthread_join(thread, NULL) == 0);
	say("one of two is serial: %d\n", results[0] + results[1] == PTHREAD_BARRIER_SERIAL_THREAD);
	returns(pthread_barrier_destroy(&barrier));
}

static void *post_later(void *semaphore)
{
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	sets_errno(sem_post(semaphore));
	return NULL;
}

static void named_semaphore(void)
{
	char name[32];
	sem_t *named;

	snprintf(name, sizeof name, "/ringtail-%d", (int)getpid());
	errno = 77;
	say("sem_open of none: %s", sem_open(name, 0) == SEM_FAILED ? "failed" : "a semaphore");
	say(", errno %s\n", error_name(errno));
	named = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
	must(named != SEM_FAILED);
	sets_errno(sem_wait(named));
	sets_errno(sem_trywait(named));
	sets_errno(sem_post(named));
	sets_errno(sem_close(named));
	sets_errno(sem_unlink(name));
	sets_errno(sem_unlink(name));
}

static void every_semaphore_call(void)
{
	struct timespec real = from_now(CLOCK_REALTIME, 2), mono = from_now(CLOCK_MONOTONIC, 2);
	struct timespec wrong = {0, -1};
	pthread_t thread;
	sem_t semaphore;
	int value = -5;

	say("-- semaphore\n");
	sets_errno(sem_init(&semaphore, 0, 0x80000000u));
	sets_errno(sem_init(&semaphore, 0, 1));
	sets_errno(sem_wait(&semaphore));
	sets_errno(sem_trywait(&semaphore));
	sets_errno(sem_timedwait(&semaphore, &real));
	sets_errno(sem_timedwait(&semaphore, &wrong));
	sets_errno(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &mono));
	sets_errno(sem_getvalue(&semaphore, &value));
	must(pthread_create(&thread, NULL, post_later, &semaphore) == 0);
	must(sem_wait(&semaphore) == 0);
	must(pthread_join(thread, NULL) == 0);
	sets_errno(sem_post(&semaphore));
	sets_errno(sem_trywait(&semaphore));
	say("value %d\n", value);
	sets_errno(sem_destroy(&semaphore));
	named_semaphore();
}

static int once_calls;

static void once(void) { once_calls++; }

static void every_once_call(void)
{
	static pthread_once_t control = PTHREAD_ONCE_INIT;

	say("-- once\n");
	returns(pthread_once(&control, once));
	returns(pthread_once(&control, once));
	say("once calls %d\n", once_calls);
}

static uint32_t word;

static void *futex_wake_later(void *argument)
{
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	return argument;
}

static void every_futex_call(void)
{
	struct timespec short_time = {0, 2000000};
	struct timespec mono = from_now(CLOCK_MONOTONIC, 2);
	pthread_t thread;

	say("-- futex\n");
	sets_errno(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, NULL, NULL, 0));
	sets_errno(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &short_time, NULL, 0));
	sets_errno(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &mono, NULL, FUTEX_BITSET_MATCH_ANY));
	sets_errno(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0));
	sets_errno(syscall(SYS_futex, &word, 99, 1, NULL, NULL, 0));
	must(pthread_create(&thread, NULL, futex_wake_later, NULL) == 0);
	while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0)
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	must(pthread_join(thread, NULL) == 0);
	say("getpid by syscall: %d\n", syscall(SYS_getpid) == getpid());
	sets_errno(syscall(SYS_close, -1));
}
