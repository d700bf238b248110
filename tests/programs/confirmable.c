/*
 * Deadlocks that are predicted and do not happen by themselves: a flag keeps the threads apart.  The first argument
 * names the shape (shapes.h).  `flag` and `fence` can never hang: no call shows what keeps the threads apart.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shapes.h"
#include "thread_state.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_spinlock_t spin;
static atomic_int done;
static atomic_bool first_is_through;

/* Makes the second thread come later, however busy the machine is, without a call that the shim sees.  --confirm may
 * hold the first thread up until the second one comes: so the second one waits for a limited time. */
static void let_first_through(void)
{
	for (int i = 0; i < 300 && !first_is_through; i++)
		pause_ms(1);
}

static void *forward(void *unused)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&second);
	pthread_mutex_unlock(&first);
	first_is_through = true;
	return unused;
}

static void *backward(void *unused)
{
	pthread_mutex_lock(&second);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	return unused;
}

static void *late_backward(void *unused)
{
	let_first_through();
	return backward(unused);
}

/* ---- deadlocks that can happen ------------------------------------------------------------------------------ */

static void *read_then_first(void *unused)
{
	pthread_rwlock_rdlock(&rwlock);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_rwlock_unlock(&rwlock);
	first_is_through = true;
	return unused;
}

static void *first_then_write(void *unused)
{
	let_first_through();
	pthread_mutex_lock(&first);
	pthread_rwlock_wrlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
	pthread_mutex_unlock(&first);
	return unused;
}

static void read_lock(void) { in_threads(read_then_first, first_then_write); }

static void *spin_then_first(void *unused)
{
	pthread_spin_lock(&spin);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_spin_unlock(&spin);
	first_is_through = true;
	return unused;
}

/* Takes `first` by a try: a thread that tries holds the lock afterwards, but never waited for it. */
static void *try_then_spin(void *unused)
{
	let_first_through();
	must(pthread_mutex_trylock(&first) == 0);
	pthread_spin_lock(&spin);
	pthread_spin_unlock(&spin);
	pthread_mutex_unlock(&first);
	return unused;
}

static void spin_lock(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	in_threads(spin_then_first, try_then_spin);
}

static atomic_int second_caller;

/* Runs until the second caller waits for it, and takes `first` before that. */
static void lock_first(void)
{
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	first_is_through = true;
	while (!second_caller || thread_state(second_caller) != 'S')
		pause_ms(1);
}

static void *call_once_routine(void *unused)
{
	pthread_once(&once, lock_first);
	return unused;
}

static void *first_then_once(void *unused)
{
	let_first_through();
	pthread_mutex_lock(&first);
	second_caller = gettid();
	pthread_once(&once, lock_first);
	pthread_mutex_unlock(&first);
	return unused;
}

static void once_control(void) { in_threads(call_once_routine, first_then_once); }

static void two_locks(void)
{
	first_is_through = false;
	in_threads(forward, late_backward);
}

static void in_child(void)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		two_locks();
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child);
}

/* 10000 passes in a thread that is alone: none can deadlock, and --confirm must not hold up each of them. */
static void *many_forward(void *unused)
{
	for (int i = 0; i < 10000; i++)
		forward(NULL);
	return unused;
}

static void many_passes(void)
{
	in_thread(many_forward, NULL);
	two_locks();
}

/* ---- deadlocks that cannot happen --------------------------------------------------------------------------- */

static void *forward_then_flag(void *unused)
{
	forward(NULL);
	done = 1;
	return unused;
}

static void *flag_then_backward(void *unused)
{
	while (!done)
		pause_ms(1);
	return backward(unused);
}

static void flag(void) { in_threads(forward_then_flag, flag_then_backward); }

/* A spin lock made of a flag: one thread waits until the other is done, however long that takes. */
static void *fenced(void *routine)
{
	while (atomic_exchange(&done, 1))
		pause_ms(1);
	((void *(*)(void *))routine)(NULL);
	done = 0;
	return NULL;
}

static void fence(void)
{
	pthread_t threads[] = {start(fenced, forward), start(fenced, backward)};

	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(two_locks), SHAPE(read_lock),   SHAPE(spin_lock), SHAPE(once_control),
	    SHAPE(in_child),  SHAPE(many_passes), SHAPE(flag),      SHAPE(fence),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
