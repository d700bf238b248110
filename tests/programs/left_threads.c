/*
 * Threads that are left when main returns: blocked, waiting with a time-out, or running.  And pthread_t that glibc
 * hands out again.  The first argument names the shape (shapes.h).
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "shapes.h"

static sem_t reply;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
	int unused;
	pthread_mutex_t lock;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};
static int word;

static void detached(void *(*routine)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	must(pthread_create(&thread, &attributes, routine, NULL) == 0);
	pthread_attr_destroy(&attributes);
}

static void *nothing(void *argument) { return argument; }

/* ---- blocked ------------------------------------------------------------------------------- */

static void *answer(void *argument)
{
	sem_wait(&reply);
	return argument;
}

static void *hear(void *argument)
{
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&changed, &lock);
	return argument;
}

static void *take(void *argument)
{
	pthread_mutex_lock(&table.lock);
	return argument;
}

/* No thread answers: all 20 wait for one semaphore. */
static void detached_waiters(void)
{
	sem_init(&reply, 0, 0);
	for (int i = 0; i < 20; i++)
		detached(answer);
	await_others(20);
}

static void detached_in_condition(void)
{
	detached(hear);
	await_others(1);
}

static void *keep(void *argument)
{
	pthread_mutex_lock(&table.lock);
	pause_ms(20000);
	pthread_mutex_unlock(&table.lock);
	return argument;
}

static void detached_on_lock(void)
{
	detached(keep);
	await_others(1);
	detached(take);
	await_others(2);
}

/* Each thread gets its answer. */
static void detached_waiters_ok(void)
{
	sem_init(&reply, 0, 0);
	for (int i = 0; i < 20; i++)
		detached(answer);
	for (int i = 0; i < 20; i++)
		sem_post(&reply);
	await_end_of_others();
}

/* ---- waiting with a time-out ------------------------------------------------------------------ */

static void *idle_condition(void *argument)
{
	struct timespec when = in_ms(20000);

	pthread_mutex_lock(&lock);
	pthread_cond_timedwait(&changed, &lock, &when);
	pthread_mutex_unlock(&lock);
	return argument;
}

static void *idle_condition_clock(void *argument)
{
	struct timespec when;

	clock_gettime(CLOCK_MONOTONIC, &when);
	when.tv_sec += 20;
	pthread_mutex_lock(&lock);
	pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &when);
	pthread_mutex_unlock(&lock);
	return argument;
}

static void *idle_semaphore(void *argument)
{
	struct timespec when = in_ms(20000);

	sem_timedwait(&reply, &when);
	return argument;
}

static void *idle_futex(void *argument)
{
	struct timespec how_long = {.tv_sec = 20};

	syscall(SYS_futex, &word, FUTEX_WAIT, 0, &how_long, NULL, 0);
	return argument;
}

/* The workers of a pool, which would end after a while: they are joinable, and count as running. */
static void idle_workers(void)
{
	start(idle_condition, NULL);
	start(idle_condition_clock, NULL);
	start(idle_semaphore, NULL);
	start(idle_futex, NULL);
	await_others(4);
}

static void idle_workers_detached_ok(void)
{
	detached(idle_condition);
	detached(idle_condition_clock);
	detached(idle_semaphore);
	detached(idle_futex);
	await_others(4);
}

/* ---- running ---------------------------------------------------------------------------------- */

static void *watch(void *argument)
{
	for (;;) {
		pthread_mutex_lock(&lock);
		word++;
		pthread_mutex_unlock(&lock);
		pause_ms(1);
	}
	return argument;
}

static void never_told_to_stop(void)
{
	start(watch, NULL);
	await_others(1);
}

static void detached_running_ok(void)
{
	detached(watch);
	await_others(1);
}

/* ---- one place, several routines -------------------------------------------------------------------- */

static void two_routines(void)
{
	void *(*const routines[])(void *) = {watch, answer, watch};

	for (int i = 0; i < 3; i++)
		start(routines[i], NULL);
	await_others(3);
}

/* ---- a pthread_t that is handed out again --------------------------------------------------------- */

static void *detach_itself(void *argument)
{
	pthread_detach(pthread_self());
	return argument;
}

static void detached_then_self_detached_ok(void)
{
	detached(nothing);
	await_end_of_others();
	start(detach_itself, NULL);
	await_end_of_others();
}

static void detached_then_detached_ok(void)
{
	detached(nothing);
	await_end_of_others();
	pthread_detach(start(nothing, NULL));
	await_end_of_others();
}

static void detached_then_tried_ok(void)
{
	detached(nothing);
	await_end_of_others();
	pthread_t thread = start(nothing, NULL);
	while (pthread_tryjoin_np(thread, NULL))
		pause_ms(10);
}

static void on_signal(int number)
{
	(void)number;
	sem_post(&reply);
}

/* The signal is pending for the process.  Only the new thread takes it, before its start routine. */
static pthread_t signalled(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t set;

	sem_init(&reply, 0, 0);
	signal(SIGUSR1, on_signal);
	sigemptyset(&set);
	pthread_attr_init(&attributes);
	must(pthread_attr_setsigmask_np(&attributes, &set) == 0);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	must(pthread_create(&thread, &attributes, nothing, NULL) == 0);
	pthread_attr_destroy(&attributes);
	sem_wait(&reply);
	return thread;
}

static void signalled_then_joined_ok(void) { pthread_join(signalled(), NULL); }

static void signalled_then_detached_ok(void)
{
	pthread_t thread = signalled();

	await_end_of_others();
	pthread_detach(thread);
}

static void signalled_then_unjoined(void)
{
	signalled();
	await_end_of_others();
}

/* The second thread gets the pthread_t of the first, and no thread joins it. */
static void detached_then_unjoined(void)
{
	detached(nothing);
	await_end_of_others();
	start(nothing, NULL);
	await_end_of_others();
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(detached_waiters),
	    SHAPE(detached_in_condition),
	    SHAPE(detached_on_lock),
	    SHAPE(detached_waiters_ok),
	    SHAPE(idle_workers),
	    SHAPE(idle_workers_detached_ok),
	    SHAPE(never_told_to_stop),
	    SHAPE(detached_running_ok),
	    SHAPE(two_routines),
	    SHAPE(detached_then_unjoined),
	    SHAPE(detached_then_detached_ok),
	    SHAPE(detached_then_tried_ok),
	    SHAPE(detached_then_self_detached_ok),
	    SHAPE(signalled_then_joined_ok),
	    SHAPE(signalled_then_detached_ok),
	    SHAPE(signalled_then_unjoined),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
