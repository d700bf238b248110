/* Threads joined and detached wrongly, and calls that signal handlers may not make; and nearly so: the first argument
 * names the shape (shapes.h). */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "shapes.h"

static void *nothing(void *argument) { return argument; }

static void *wait_for_main(void *argument)
{
	await_through(1);
	return argument;
}

static void join_self(void) { must(pthread_join(pthread_self(), NULL) == EDEADLK); }

static void *join_it(void *thread)
{
	pthread_join(*(pthread_t *)thread, NULL);
	return NULL;
}

static void *join_other(void *thread)
{
	if (!pthread_equal(*(pthread_t *)thread, pthread_self()))
		pthread_join(*(pthread_t *)thread, NULL);
	return NULL;
}

/* Joins another thread, after a check that it is not the caller itself. */
static void join_self_ok(void)
{
	pthread_t other = start(nothing, NULL);

	in_thread(join_other, &other);
}

/* Two threads join the same thread at once: the second call is refused, or waits in vain. */
static void join_twice(void)
{
	pthread_t thread = start(wait_for_main, NULL), joiner = start(join_it, &thread);
	struct timespec when = in_ms(30);

	await_others(2);
	must(pthread_timedjoin_np(thread, NULL, &when) != 0);
	through();
	pthread_join(joiner, NULL);
}

/* Each thread has the same pthread_t as the one before it. */
static void join_twice_ok(void)
{
	for (int i = 0; i < 10; i++)
		in_thread(nothing, NULL);
	pthread_t thread = start(wait_for_main, NULL);
	must(pthread_tryjoin_np(thread, NULL) == EBUSY);
	through();
	while (pthread_tryjoin_np(thread, NULL) == EBUSY)
		pause_ms(10);
}

static void join_detached(void)
{
	pthread_t thread = start(wait_for_main, NULL);

	pthread_detach(thread);
	must(pthread_join(thread, NULL) == EINVAL);
	through();
	await_end_of_others();
}

/* A detached thread has ended; the next thread gets its pthread_t, and is joined. */
static void join_detached_ok(void)
{
	for (int i = 0; i < 10; i++) {
		pthread_detach(start(nothing, NULL));
		await_end_of_others();
		in_thread(nothing, NULL);
	}
}

static void detach_twice(void)
{
	pthread_t thread = start(wait_for_main, NULL);

	pthread_detach(thread);
	must(pthread_detach(thread) == EINVAL);
	through();
	await_end_of_others();
}

static void detach_joined(void)
{
	pthread_t thread = start(nothing, NULL);

	pthread_join(thread, NULL);
	pthread_detach(thread);
}

/* The stack is larger than any mapping can be. */
static void create_fails(void)
{
	pthread_t thread;
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)1 << 46);
	must(pthread_create(&thread, &attributes, nothing, NULL) == EAGAIN);
}

static void *detach_self(void *argument)
{
	pthread_detach(pthread_self());
	return argument;
}

static void detach_ok(void)
{
	for (int i = 0; i < 10; i++) {
		pthread_detach(start(nothing, NULL));
		start(detach_self, NULL);
		pause_ms(5); /* the threads of one round may still be there in the next one */
	}
	await_end_of_others();
}

/* Memory that was never a thread: glibc sees no thread id there. */
static void join_invalid(void)
{
	static char no_thread[4096];

	memset(no_thread, 0xff, sizeof no_thread);
	must(pthread_join((pthread_t)no_thread, NULL) == ESRCH);
}

/* A forked process joins threads of its own. */
static void join_invalid_ok(void)
{
	pthread_t thread = start(wait_for_main, NULL);
	pid_t child = fork();

	if (!child) {
		in_thread(nothing, NULL);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	through();
	pthread_join(thread, NULL);
}

/* ---- signal handlers ---------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t sem;

static void allocate(int signal) { free(malloc(10)); }

static void take_lock(int signal)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static void post(int signal) { sem_post(&sem); }

static void handle(void (*handler)(int))
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
}

static void malloc_in_handler(void) { handle(allocate); }
static void lock_in_handler(void) { handle(take_lock); }

/* A handler may call sem_post, and all calls are allowed once the handler has returned. */
static void handler_ok(void)
{
	sem_init(&sem, 0, 0);
	handle(post);
	sem_wait(&sem);
	allocate(0);
	take_lock(0);
}

static volatile sig_atomic_t handled;

static void allocate_and_tell(int signal)
{
	allocate(signal);
	handled = 1;
}

static void take_locks_and_tell(int signal)
{
	static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&outer);
	take_lock(signal);
	pthread_mutex_unlock(&outer);
	handled = 1;
}

static void fork_and_tell(int signal)
{
	pid_t child = fork();

	if (!child) {
		allocate(signal);
		take_lock(signal);
		_exit(0);
	}
	must(waitpid(child, NULL, 0) == child);
	handled = 1;
}

static void tick(void (*handler)(int))
{
	struct itimerval soon = {.it_value.tv_usec = 20000};

	signal(SIGALRM, handler);
	must(setitimer(ITIMER_REAL, &soon, NULL) == 0);
}

/* The signal is unblocked only while the program waits in ppoll, as event loops do it. */
static void handle_in_wait(void (*handler)(int))
{
	sigset_t alarm, none;

	sigemptyset(&none);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	tick(handler);
	while (!handled)
		ppoll(NULL, 0, NULL, &none);
}

static void handle_in_work(void (*handler)(int))
{
	tick(handler);
	while (!handled)
		;
}

static void malloc_in_work(void) { handle_in_work(allocate_and_tell); }
static void malloc_in_wait_ok(void) { handle_in_wait(allocate_and_tell); }
static void lock_in_wait_ok(void) { handle_in_wait(take_locks_and_tell); }
/* The child of that fork never leaves the handler. */
static void fork_in_wait_ok(void) { handle_in_wait(fork_and_tell); }

/* The program waits with a lock held: if the handler took that lock, the program would hang. */
static void lock_in_wait_with_lock(void)
{
	static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&other);
	handle_in_wait(take_locks_and_tell);
	pthread_mutex_unlock(&other);
}

/* ---- cancellation -------------------------------------------------------------------------------------- */

/* libc ends the wait by a signal of its own, whose handler calls the thread's cleanup functions. */

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void unlock_it(void *m) { pthread_mutex_unlock(m); }

static void lock_and_free(void *block)
{
	pthread_mutex_lock(&mutex);
	free(block);
	pthread_mutex_unlock(&mutex);
}

static void *wait_cond(void *argument)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock_it, &mutex);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(1);
	return argument;
}

static void *wait_poll(void *argument)
{
	pthread_cleanup_push(lock_and_free, malloc(10));
	for (;;)
		poll(NULL, 0, -1);
	pthread_cleanup_pop(1);
	return argument;
}

static void cancel_it(pthread_t thread)
{
	await_others(1);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

static void cancelled_in_wait_ok(void)
{
	cancel_it(start(wait_cond, NULL));
	cancel_it(start(wait_poll, NULL));
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(join_self),       SHAPE(join_twice),           SHAPE(join_twice_ok),
	    SHAPE(join_detached),   SHAPE(detach_twice),         SHAPE(detach_joined),
	    SHAPE(create_fails),    SHAPE(cancelled_in_wait_ok), SHAPE(detach_ok),
	    SHAPE(join_invalid),    SHAPE(malloc_in_handler),    SHAPE(lock_in_handler),
	    SHAPE(handler_ok),      SHAPE(join_self_ok),         SHAPE(join_detached_ok),
	    SHAPE(join_invalid_ok), SHAPE(malloc_in_work),       SHAPE(malloc_in_wait_ok),
	    SHAPE(lock_in_wait_ok), SHAPE(fork_in_wait_ok),      SHAPE(lock_in_wait_with_lock),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
