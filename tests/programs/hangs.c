/*
 * Hangs of all kinds, for good: the first argument names the shape (shapes.h).  Prints its pid and "hangs" shortly
 * before.  A SIGALRM ends it after a minute, so that nothing is left behind by a broken test.
 *
 * The shapes ending in _ok look like hangs for a second, and come to an end.
 */
#define _GNU_SOURCE
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <threads.h>

#include "shapes.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t third = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
/* At these two, writers go first: a reader that comes after a waiting writer waits too. */
static pthread_rwlock_t other_rwlock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_rwlock_t writers_first = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_spinlock_t spin;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t both, never;
static sem_t sem, other_sem;
static bool ready;

static void hangs(void)
{
	NAME_LOCK(first);
	NAME_LOCK(second);
	NAME_LOCK(third);
	NAME_LOCK(rwlock);
	NAME_LOCK(other_rwlock);
	NAME_LOCK(writers_first);
	NAME_LOCK(spin);
	NAME_LOCK(cond);
	NAME_LOCK(once);
	NAME_LOCK(never);
	NAME_LOCK(sem);
	say("%d hangs\n", (int)getpid());
}

/* Both threads come here before either goes on. */
static void meet(void) { pthread_barrier_wait(&both); }

static void two(void *(*one)(void *), void *(*other)(void *))
{
	pthread_t threads[2];

	pthread_barrier_init(&both, NULL, 2);
	threads[0] = start(one, NULL);
	threads[1] = start(other, NULL);
	hangs();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

/* ---- locks -------------------------------------------------------------------------------------- */

static void *first_then_second(void *unused)
{
	pthread_mutex_lock(&first);
	meet();
	pthread_mutex_lock(&second);
	return unused;
}

static void *second_then_first(void *unused)
{
	pthread_mutex_lock(&second);
	meet();
	pthread_mutex_lock(&first);
	return unused;
}

static void mutexes(void) { two(first_then_second, second_then_first); }

/* Error-checking and recursive mutexes notice a relock by their own owner, but not a cycle. */
static void typed_mutexes(void)
{
	init_mutex(&first, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
	init_mutex(&second, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	two(first_then_second, second_then_first);
}

static void *read_then_first(void *unused)
{
	pthread_rwlock_rdlock(&rwlock);
	meet();
	pthread_mutex_lock(&first);
	return unused;
}

static void *first_then_write(void *unused)
{
	pthread_mutex_lock(&first);
	meet();
	pthread_rwlock_wrlock(&rwlock);
	return unused;
}

static void reader(void) { two(read_then_first, first_then_write); }

static void *write_it(void *lock)
{
	pthread_rwlock_wrlock(lock);
	pthread_rwlock_unlock(lock);
	return NULL;
}

/* Two writers wait for main's read lock, and main waits behind them to read-lock again. */
static void behind_writer(void)
{
	pthread_rwlock_rdlock(&writers_first);
	start(write_it, &writers_first);
	await_others(1);
	start(write_it, &writers_first);
	hangs();
	pthread_rwlock_rdlock(&writers_first);
}

static void *read_then_read_behind_writer(void *unused)
{
	pthread_rwlock_rdlock(&other_rwlock);
	meet();
	await_others(3); /* main, the reader of the other lock, and its writer */
	pthread_rwlock_rdlock(&writers_first);
	return unused;
}

static void *read_then_write(void *unused)
{
	pthread_rwlock_rdlock(&writers_first);
	meet();
	start(write_it, &writers_first);
	pthread_rwlock_wrlock(&other_rwlock);
	return unused;
}

static void behind_writer_ring(void) { two(read_then_read_behind_writer, read_then_write); }

static void *first_then_spin(void *unused)
{
	pthread_mutex_lock(&first);
	meet();
	pthread_spin_lock(&spin);
	return unused;
}

static void *spin_then_first(void *unused)
{
	pthread_spin_lock(&spin);
	meet();
	pthread_mutex_lock(&first);
	return unused;
}

static void spinning(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	two(first_then_spin, spin_then_first);
}

static void *lock_ring(void *numbers)
{
	static pthread_mutex_t *const ring[] = {&first, &second, &third};
	long n = (long)numbers;

	pthread_mutex_lock(ring[n]);
	meet();
	pthread_mutex_lock(ring[(n + 1) % 3]);
	return NULL;
}

static void ring_of_three(void)
{
	pthread_t threads[3];

	pthread_barrier_init(&both, NULL, 3);
	for (long i = 0; i < 3; i++)
		threads[i] = start(lock_ring, (void *)i);
	hangs();
	pthread_join(threads[0], NULL);
}

static void self(void)
{
	hangs();
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&first);
}

/* ---- join, once ------------------------------------------------------------------------------------ */

static void *lock_first(void *unused)
{
	pthread_mutex_lock(&first);
	return unused;
}

/* A thread ends while it holds the lock; another thread and main wait for the lock. */
static void dead_owner(void)
{
	pthread_join(start(lock_first, NULL), NULL);
	start(lock_first, NULL);
	hangs();
	pthread_mutex_lock(&first);
}

static void join_with_lock(void)
{
	pthread_mutex_lock(&first);
	pthread_t thread = start(lock_first, NULL);
	hangs();
	pthread_join(thread, NULL);
}

static void once_routine(void)
{
	meet();
	pthread_mutex_lock(&first);
}

static void *call_once_routine(void *unused)
{
	pthread_once(&once, once_routine);
	return unused;
}

static void *first_then_once(void *unused)
{
	pthread_mutex_lock(&first);
	meet();
	pthread_once(&once, once_routine);
	return unused;
}

static void once_and_mutex(void) { two(call_once_routine, first_then_once); }

/* ---- conditions, semaphores, barriers: the thread that could end a wait is inferred -------------------- */

static void signal_once(void)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&second);
	pthread_mutex_unlock(&first);
}

static void *signal_with_first(void *unused)
{
	signal_once();
	meet();
	for (;;)
		signal_once();
	return unused;
}

static void *wait_with_first(void *unused)
{
	meet();
	pthread_mutex_lock(&first); /* the signalling thread wants it too */
	pthread_mutex_lock(&second);
	while (!ready)
		pthread_cond_wait(&cond, &second);
	return unused;
}

static void cond_and_mutex(void) { two(signal_with_first, wait_with_first); }

static void *post_with_first(void *unused)
{
	sem_post(&sem);
	meet();
	meet();
	pthread_mutex_lock(&first);
	sem_post(&sem);
	return unused;
}

static void *wait_sem_with_first(void *unused)
{
	meet();
	sem_wait(&sem);
	pthread_mutex_lock(&first);
	meet();
	sem_wait(&sem);
	return unused;
}

static void sem_and_mutex(void)
{
	sem_init(&sem, 0, 0);
	two(post_with_first, wait_sem_with_first);
}

/* The same while a third thread goes on: that thread could post too, but only the other one has posted before. */
static void *tick(void *unused)
{
	for (;;)
		pause_ms(10);
	return unused;
}

static void sem_and_mutex_inferred(void)
{
	pthread_detach(start(tick, NULL));
	sem_and_mutex();
}

static void *barrier_with_first(void *unused)
{
	pthread_mutex_lock(&first);
	meet();
	pthread_barrier_wait(&never);
	return unused;
}

static void *first_then_barrier(void *unused)
{
	meet();
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&never);
	return unused;
}

static void barrier_and_mutex(void)
{
	pthread_barrier_init(&never, NULL, 2);
	two(barrier_with_first, first_then_barrier);
}

static void *wait_cond(void *unused)
{
	pthread_mutex_lock(&first);
	for (;;)
		pthread_cond_wait(&cond, &first);
	return unused;
}

/* ---- destroyed while threads are inside --------------------------------------------------------------- */

static void destroyed_cond(void)
{
	start(wait_cond, NULL);
	await_others(1);
	hangs();
	pthread_cond_destroy(&cond);
}

static cnd_t c11_cond;
static mtx_t c11_mutex;

static void *wait_cnd(void *unused)
{
	mtx_lock(&c11_mutex);
	cnd_wait(&c11_cond, &c11_mutex);
	return unused;
}

static void destroyed_cnd(void)
{
	cnd_init(&c11_cond);
	mtx_init(&c11_mutex, mtx_plain);
	start(wait_cnd, NULL);
	await_others(1);
	hangs();
	cnd_destroy(&c11_cond);
}

static void *wait_barrier(void *unused)
{
	pthread_barrier_wait(&never);
	return unused;
}

static void destroyed_barrier(void)
{
	pthread_barrier_init(&never, NULL, 2);
	start(wait_barrier, NULL);
	await_others(1);
	hangs();
	pthread_barrier_destroy(&never);
}

/* All threads wait, and none for a particular other one. */
static void all_asleep(void)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		threads[i] = start(wait_cond, NULL);
	hangs();
	pthread_join(threads[0], NULL);
}

/* ---- one process of several ------------------------------------------------------------------------ */

static void *shared_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(memory != MAP_FAILED);
	return memory;
}

/* Locks in shared memory, and the barrier at which processes meet. */
static struct shared {
	pthread_mutex_t first, second;
	pthread_rwlock_t rwlock, writers_first;
	pthread_barrier_t both;
	sem_t sem;
} * shared;

static void init_shared(void)
{
	pthread_mutexattr_t mutex;
	pthread_rwlockattr_t lock;
	pthread_barrierattr_t barrier;

	pthread_mutexattr_init(&mutex);
	pthread_rwlockattr_init(&lock);
	pthread_barrierattr_init(&barrier);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_rwlockattr_setpshared(&lock, PTHREAD_PROCESS_SHARED);
	pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->first, &mutex);
	pthread_mutex_init(&shared->second, &mutex);
	pthread_rwlock_init(&shared->rwlock, &lock);
	pthread_rwlockattr_setkind_np(&lock, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&shared->writers_first, &lock);
	pthread_barrier_init(&shared->both, &barrier, 2);
	sem_init(&shared->sem, 1, 0);
}

static pid_t child;

/* Runs `one` in a child and `other` in this process. */
static void two_processes(void (*one)(void), void (*other)(void))
{
	shared = shared_memory(sizeof *shared);
	init_shared();
	hangs();
	child = fork();
	(child == 0 ? one : other)();
}

static void shared_meet(void) { pthread_barrier_wait(&shared->both); }

static void shared_first_then_second(void)
{
	pthread_mutex_lock(&shared->first);
	shared_meet();
	pthread_mutex_lock(&shared->second);
}

static void shared_second_then_first(void)
{
	pthread_mutex_lock(&shared->second);
	shared_meet();
	pthread_mutex_lock(&shared->first);
}

static void shared_mutexes(void) { two_processes(shared_first_then_second, shared_second_then_first); }

/* Maps the shared memory at another address first. */
static void moved_second_then_first(void)
{
	struct shared *moved = mremap(shared, sizeof *shared, sizeof *shared, MREMAP_MAYMOVE | MREMAP_FIXED,
	                              mmap(NULL, 1 << 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(moved != MAP_FAILED && moved != shared);
	shared = moved;
	shared_second_then_first();
}

static void shared_at_two_addresses(void) { two_processes(moved_second_then_first, shared_first_then_second); }

static void shared_read_then_first(void)
{
	pthread_rwlock_rdlock(&shared->rwlock);
	shared_meet();
	pthread_mutex_lock(&shared->first);
}

static void shared_first_then_write(void)
{
	pthread_mutex_lock(&shared->first);
	shared_meet();
	pthread_rwlock_wrlock(&shared->rwlock);
}

static void shared_reader(void) { two_processes(shared_read_then_first, shared_first_then_write); }

static void shared_write(void)
{
	shared_meet();
	pthread_rwlock_wrlock(&shared->writers_first);
}

static void shared_read_again(void)
{
	pthread_rwlock_rdlock(&shared->writers_first);
	shared_meet();
	await_process(child); /* it waits to write */
	pthread_rwlock_rdlock(&shared->writers_first);
}

static void shared_behind_writer(void) { two_processes(shared_write, shared_read_again); }

/* This process has posted before, so it is taken for the one that would post again. */
static void shared_post_with_first(void)
{
	sem_post(&shared->sem);
	shared_meet();
	pthread_mutex_lock(&shared->first);
	sem_post(&shared->sem);
}

static void shared_wait_with_first(void)
{
	sem_wait(&shared->sem);
	pthread_mutex_lock(&shared->first);
	shared_meet();
	sem_wait(&shared->sem);
}

static void shared_sem_and_mutex(void) { two_processes(shared_post_with_first, shared_wait_with_first); }

/* A cycle of three threads in two processes.  One of its locks belongs to one process alone. */
static void *lock_private_then_shared_first(void *unused)
{
	pthread_mutex_lock(&second);
	meet();
	pthread_mutex_lock(&shared->first);
	return unused;
}

static void second_then_private(void)
{
	pthread_barrier_init(&both, NULL, 2);
	start(lock_private_then_shared_first, NULL);
	pthread_mutex_lock(&shared->second);
	shared_meet(); /* the other process has its lock before this one's thread wants it */
	meet();
	pthread_mutex_lock(&second);
}

static void shared_and_private(void) { two_processes(second_then_private, shared_first_then_second); }

static void *in_one_first_then_second(void *unused)
{
	shared_first_then_second();
	return unused;
}

static void *in_one_second_then_first(void *unused)
{
	shared_second_then_first();
	return unused;
}

static void shared_in_one_process(void)
{
	shared = shared_memory(sizeof *shared);
	init_shared();
	two(in_one_first_then_second, in_one_second_then_first);
}

/* ---- a child, and the locks of its parent ------------------------------------------------------------ */

static void *hold_mutex(void *unused)
{
	pthread_mutex_lock(&first);
	meet();
	for (;;)
		pause();
	return unused;
}

static void *hold_for_reading(void *unused)
{
	pthread_rwlock_rdlock(&rwlock);
	meet();
	for (;;)
		pause();
	return unused;
}

static void *hold_for_writing(void *unused)
{
	pthread_rwlock_wrlock(&rwlock);
	meet();
	for (;;)
		pause();
	return unused;
}

static void *hold_spin(void *unused)
{
	pthread_spin_lock(&spin);
	meet();
	for (;;)
		pause();
	return unused;
}

static void want_mutex(void) { pthread_mutex_lock(&first); }
static void want_to_write(void) { pthread_rwlock_wrlock(&rwlock); }
static void want_to_read(void) { pthread_rwlock_rdlock(&rwlock); }
static void want_spin(void) { pthread_spin_lock(&spin); }

/* A thread holds the lock while another one forks, and the child wants it. */
static void fork_while(void *(*hold)(void *), void (*want)(void))
{
	pthread_barrier_init(&both, NULL, 2);
	start(hold, NULL);
	meet();
	hangs();
	if (fork() == 0) {
		want();
		_exit(1);
	}
	for (;;)
		pause();
}

static void inherited_mutex(void) { fork_while(hold_mutex, want_mutex); }
static void inherited_reader(void) { fork_while(hold_for_reading, want_to_write); }
static void inherited_writer(void) { fork_while(hold_for_writing, want_to_read); }

static void inherited_spin(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	fork_while(hold_spin, want_spin);
}

static void inherited_own(void)
{
	hangs();
	pthread_mutex_lock(&first);
	if (fork() == 0)
		want_mutex();
	for (;;)
		pause();
}

static void *want_mutex_too(void *unused)
{
	want_mutex();
	pthread_mutex_unlock(&first);
	return unused;
}

/* The child's thread is the copy of the one that holds the lock.  It unlocks, as handlers of pthread_atfork do. */
static void inherited_own_ok(void)
{
	pthread_mutex_lock(&first);
	pid_t child = fork();
	if (child == 0) {
		pthread_t thread = start(want_mutex_too, NULL);

		pause_ms(1000);
		pthread_mutex_unlock(&first);
		pthread_join(thread, NULL);
		_exit(0);
	}
	pthread_mutex_unlock(&first);
	waitpid(child, NULL, 0);
}

static void lock_both(void)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
}

static void unlock_both(void)
{
	pthread_mutex_unlock(&second);
	pthread_mutex_unlock(&first);
}

static void *use_both(void *until)
{
	while (!*(volatile bool *)until) {
		lock_both();
		unlock_both();
	}
	return NULL;
}

static void inherited_atfork_ok(void)
{
	pthread_t thread = start(use_both, &ready);

	pthread_atfork(lock_both, unlock_both, unlock_both);
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		if (child == 0) {
			lock_both();
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	ready = true;
	pthread_join(thread, NULL);
}

static void in_child(void)
{
	if (fork() == 0) {
		self();
		_exit(1);
	}
	for (;;)
		pause();
}

/* ---- no hangs ---------------------------------------------------------------------------------------- */

static void *hold_first(void *unused)
{
	pthread_mutex_lock(&first);
	pause_ms(1000);
	pthread_mutex_unlock(&first);
	return unused;
}

static void slow_owner_ok(void)
{
	pthread_t threads[] = {start(hold_first, NULL), start(hold_first, NULL)};

	pthread_join(threads[1], NULL);
	pthread_join(threads[0], NULL);
}

static void *timed_second(void *unused)
{
	struct timespec when = in_ms(1000);

	pthread_mutex_lock(&first);
	meet();
	pthread_mutex_timedlock(&second, &when);
	pthread_mutex_unlock(&first);
	return unused;
}

static void *second_then_first_ok(void *unused)
{
	second_then_first(NULL);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	return unused;
}

static void timed_ok(void) { two(timed_second, second_then_first_ok); }

static void *write_in_time(void *unused)
{
	struct timespec when = in_ms(1000);

	pthread_rwlock_timedwrlock(&writers_first, &when);
	return unused;
}

/* The writer gives up after a second, and the reader goes on. */
static void behind_timed_writer_ok(void)
{
	pthread_rwlock_rdlock(&writers_first);
	pthread_t writer = start(write_in_time, NULL);

	pause_ms(100);
	pthread_rwlock_rdlock(&writers_first);
	pthread_join(writer, NULL);
}

/* Another thread than the waiting reader.  When it unlocks, the writer gets the lock, and then the reader. */
static void *read_for_a_second(void *unused)
{
	pthread_rwlock_rdlock(&writers_first);
	await_through(1);
	pause_ms(1000);
	pthread_rwlock_unlock(&writers_first);
	return unused;
}

static void behind_slow_writer_ok(void)
{
	pthread_t reader = start(read_for_a_second, NULL), writer;

	await_others(1);
	writer = start(write_it, &writers_first);
	await_others(2);
	through();
	pthread_rwlock_rdlock(&writers_first);
	pthread_rwlock_unlock(&writers_first);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
}

/* A lock of the default kind: readers pass a waiting writer. */
static void past_writer_ok(void)
{
	pthread_rwlock_rdlock(&rwlock);
	pthread_t writer = start(write_it, &rwlock);

	await_others(1);
	pthread_rwlock_rdlock(&rwlock);
	pause_ms(1000);
	pthread_rwlock_unlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
	pthread_join(writer, NULL);
}

static void *wait_ready(void *unused)
{
	pthread_mutex_lock(&first);
	while (!ready)
		pthread_cond_wait(&cond, &first);
	pthread_mutex_unlock(&first);
	return unused;
}

static void *wake_later(void *unused)
{
	await_through(1);
	pause_ms(1000);
	pthread_mutex_lock(&first);
	ready = true;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&first);
	return unused;
}

/* The condition is destroyed while a thread waits, too early; and yet the wait ends. */
static void destroyed_too_early_ok(void)
{
	pthread_t threads[] = {start(wait_ready, NULL), start(wake_later, NULL)};

	await_others(2);
	through();
	pthread_cond_destroy(&cond);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

static void *leave_barrier(void *unused)
{
	pthread_barrier_wait(&never);
	return unused;
}

/* A barrier is destroyed right after its last round: that is allowed. */
static void destroyed_in_time_ok(void)
{
	for (int i = 0; i < 100; i++) {
		pthread_barrier_init(&never, NULL, 2);
		pthread_t thread = start(leave_barrier, NULL);

		pthread_barrier_wait(&never);
		pthread_barrier_destroy(&never);
		pthread_join(thread, NULL);
	}
}

static void post(int signal) { sem_post(&sem); }

/* A daemon that waits for a signal, whose handler posts. */
static void handler_posts_ok(void)
{
	sem_init(&sem, 0, 0);
	sem_init(&other_sem, 0, 0);
	signal(SIGVTALRM, post);
	if (fork() == 0) {
		pause_ms(1000);
		kill(getppid(), SIGVTALRM);
		_exit(0);
	}
	while (sem_wait(&sem))
		;
}

/* Waits for a mutex that another process unlocks. */
static void shared_ok(void)
{
	pthread_mutex_t *mutex = shared_memory(4096);
	pthread_mutexattr_t attributes;
	sem_t *held = (sem_t *)((char *)mutex + 1024);

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(mutex, &attributes);
	sem_init(held, 1, 0);
	if (fork() == 0) {
		pthread_mutex_lock(mutex);
		sem_post(held);
		pause_ms(1000);
		pthread_mutex_unlock(mutex);
		_exit(0);
	}
	sem_wait(held);
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
}

/* Two processes wait for each other in turn, and neither for ever. */
static void shared_slow(void)
{
	for (int i = 0; i < 3; i++) {
		pthread_mutex_lock(&shared->first);
		pthread_mutex_lock(&shared->second);
		pause_ms(400);
		pthread_mutex_unlock(&shared->second);
		pthread_mutex_unlock(&shared->first);
	}
}

static void shared_slow_ok(void) { two_processes(shared_slow, shared_slow); }

/* A pool waits for its first work, while main does something else: for a second, or until the file that HANGS_UNTIL
 * names exists. */
static void idle_pool_ok(void)
{
	const char *until = getenv("HANGS_UNTIL");
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		threads[i] = start(wait_ready, NULL);
	if (until)
		while (access(until, F_OK))
			pause_ms(10);
	else
		pause_ms(1000);
	pthread_mutex_lock(&first);
	ready = true;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&first);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(mutexes),
	    SHAPE(typed_mutexes),
	    SHAPE(reader),
	    SHAPE(behind_writer),
	    SHAPE(behind_writer_ring),
	    SHAPE(behind_timed_writer_ok),
	    SHAPE(behind_slow_writer_ok),
	    SHAPE(past_writer_ok),
	    SHAPE(shared_behind_writer),
	    SHAPE(spinning),
	    SHAPE(ring_of_three),
	    SHAPE(self),
	    SHAPE(join_with_lock),
	    SHAPE(dead_owner),
	    SHAPE(once_and_mutex),
	    SHAPE(cond_and_mutex),
	    SHAPE(sem_and_mutex),
	    SHAPE(sem_and_mutex_inferred),
	    SHAPE(barrier_and_mutex),
	    SHAPE(all_asleep),
	    SHAPE(destroyed_cond),
	    SHAPE(destroyed_cnd),
	    SHAPE(destroyed_barrier),
	    SHAPE(destroyed_too_early_ok),
	    SHAPE(destroyed_in_time_ok),
	    SHAPE(inherited_mutex),
	    SHAPE(inherited_reader),
	    SHAPE(inherited_writer),
	    SHAPE(inherited_spin),
	    SHAPE(inherited_own),
	    SHAPE(inherited_own_ok),
	    SHAPE(inherited_atfork_ok),
	    SHAPE(in_child),
	    SHAPE(shared_mutexes),
	    SHAPE(shared_at_two_addresses),
	    SHAPE(shared_reader),
	    SHAPE(shared_sem_and_mutex),
	    SHAPE(shared_and_private),
	    SHAPE(shared_in_one_process),
	    SHAPE(shared_slow_ok),
	    SHAPE(slow_owner_ok),
	    SHAPE(timed_ok),
	    SHAPE(handler_posts_ok),
	    SHAPE(shared_ok),
	    SHAPE(idle_pool_ok),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
