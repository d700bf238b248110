/*
 * Threads that wait for each other, with known numbers of waits: the first argument names the shape
 * (shapes.h).
 */
#include <semaphore.h>

#include "shapes.h"

#define ROUNDS 3

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static sem_t ready, done, item;
static int turns;

/* Called by the thread that will wait, just before it does: the holder has the lock by then. */
static void come_while_held(void) { sem_post(&ready); }
static void await_waiter(void)
{
	sem_wait(&ready);
	await_others(1); /* the other thread blocks on the lock */
	pause_ms(200);
}

/* ---- mutexes made at one place ---------------------------------------------------------------- */

__attribute__((noinline)) static pthread_mutex_t *make_mutex(void)
{
	pthread_mutex_t *mutex = malloc(sizeof *mutex);

	pthread_mutex_init(mutex, NULL);
	return mutex;
}

static void *hold(void *mutex)
{
	pthread_mutex_lock(mutex);
	sem_post(&done); /* held */
	await_waiter();
	pthread_mutex_unlock(mutex);
	return NULL;
}

static void want(pthread_mutex_t *mutex)
{
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
}

static void one_wait(void)
{
	pthread_mutex_t *mutex = make_mutex();
	pthread_t holder = start(hold, mutex);

	sem_wait(&done);
	come_while_held();
	want(mutex);
	pthread_join(holder, NULL);
	pthread_mutex_destroy(mutex);
	free(mutex);
}

/* ROUNDS mutexes of one class, one wait for each. */
static void mutexes(void)
{
	for (int i = 0; i < ROUNDS; i++)
		one_wait();
}

/* No thread waits: they take the mutex one after the other. */
static void *take_in_turn(void *mutex)
{
	want(mutex);
	return NULL;
}

static void mutexes_ok(void)
{
	pthread_mutex_t *mutex = make_mutex();

	for (int i = 0; i < ROUNDS; i++)
		in_thread(take_in_turn, mutex);
	pthread_mutex_destroy(mutex);
	free(mutex);
}

/* ---- the other kinds ---------------------------------------------------------------------------- */

static void hold_for_thread(void *(*wanter)(void *), void (*release)(void))
{
	pthread_t thread = start(wanter, NULL);

	await_waiter();
	release();
	pthread_join(thread, NULL);
}

static void unlock_rwlock(void) { pthread_rwlock_unlock(&rwlock); }

static void *write_rwlock(void *unused)
{
	come_while_held();
	pthread_rwlock_wrlock(&rwlock);
	unlock_rwlock();
	return unused;
}

static void *read_rwlock(void *unused)
{
	come_while_held();
	pthread_rwlock_rdlock(&rwlock);
	unlock_rwlock();
	return unused;
}

static void writer_for_reader(void)
{
	pthread_rwlock_rdlock(&rwlock);
	hold_for_thread(write_rwlock, unlock_rwlock);
}

static void reader_for_writer(void)
{
	pthread_rwlock_wrlock(&rwlock);
	hold_for_thread(read_rwlock, unlock_rwlock);
}

static void unlock_spin(void) { pthread_spin_unlock(&spin); }

static void *take_spin(void *unused)
{
	come_while_held();
	pthread_spin_lock(&spin);
	unlock_spin();
	return unused;
}

static void spinning(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	pthread_spin_lock(&spin);
	pthread_t thread = start(take_spin, NULL);

	sem_wait(&ready);
	await_work(thread, 200);
	unlock_spin();
	pthread_join(thread, NULL);
}

static void *await_turn(void *unused)
{
	pthread_mutex_lock(&guard);
	come_while_held();
	while (!turns)
		pthread_cond_wait(&cond, &guard);
	pthread_mutex_unlock(&guard);
	return unused;
}

static void signal_turn(void)
{
	pthread_mutex_lock(&guard);
	turns = 1;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&guard);
}

static void condition(void) { hold_for_thread(await_turn, signal_turn); }

static void post_item(void) { sem_post(&item); }

static void *await_item(void *unused)
{
	come_while_held();
	sem_wait(&item);
	return unused;
}

static void semaphore(void)
{
	sem_init(&item, 0, 0);
	hold_for_thread(await_item, post_item);
}

static void come_to_barrier(void) { pthread_barrier_wait(&barrier); }

static void *meet_at_barrier(void *unused)
{
	come_while_held();
	come_to_barrier();
	return unused;
}

static void at_barrier(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	hold_for_thread(meet_at_barrier, come_to_barrier);
}

static void *call_once(void *unused);
static pthread_t second_caller;

static void once_routine(void)
{
	second_caller = start(call_once, NULL);
	await_waiter();
}

static void *call_once(void *unused)
{
	come_while_held();
	pthread_once(&once, once_routine);
	return unused;
}

static void once_control(void)
{
	pthread_once(&once, once_routine);
	pthread_join(second_caller, NULL);
}

/* Waits that have not ended: a thread waits for main's mutex when the process ends. */
static void *wait_for_guard(void *unused)
{
	come_while_held();
	pthread_mutex_lock(&guard);
	return unused;
}

static void unended(void)
{
	pthread_mutex_lock(&guard);
	pthread_detach(start(wait_for_guard, NULL));
	await_waiter();
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(mutexes),   SHAPE(mutexes_ok), SHAPE(writer_for_reader), SHAPE(reader_for_writer), SHAPE(spinning),
	    SHAPE(condition), SHAPE(semaphore),  SHAPE(at_barrier),        SHAPE(once_control),      SHAPE(unended),
	};

	sem_init(&ready, 0, 0);
	sem_init(&done, 0, 0);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
