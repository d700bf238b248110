/* Mutexes used wrongly, and nearly so: the first argument names the shape (shapes.h). */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "shapes.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;

static void *lock_it(void *m)
{
	must(pthread_mutex_lock(m) == 0);
	return NULL;
}

static void *unlock_it(void *m)
{
	pthread_mutex_unlock(m);
	return NULL;
}

static void *lock_and_unlock(void *m)
{
	must(pthread_mutex_lock(m) == 0);
	pthread_mutex_unlock(m);
	return NULL;
}

/* ---- locked again -------------------------------------------------------------------------- */

static void *lock_twice(void *m)
{
	pthread_mutex_lock(m);
	pthread_mutex_lock(m);
	return NULL;
}

static void relock(void)
{
	start(lock_twice, &mutex);
	await_others(1);
}

static void relock_timed(void)
{
	struct timespec when = in_ms(10);

	pthread_mutex_lock(&mutex);
	must(pthread_mutex_timedlock(&mutex, &when) == ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
}

/* No misuse: recursive and error-checking mutexes, initialised by a call or statically, and a try that fails. */
static void relock_ok(void)
{
	static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	pthread_mutex_t made, made_checking;

	init_mutex(&made, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	init_mutex(&made_checking, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&recursive);
		pthread_mutex_lock(&made);
	}
	for (int i = 0; i < 2; i++) {
		pthread_mutex_unlock(&recursive);
		pthread_mutex_unlock(&made);
	}
	pthread_mutex_lock(&checking);
	pthread_mutex_lock(&made_checking);
	must(pthread_mutex_lock(&checking) == EDEADLK);
	must(pthread_mutex_lock(&made_checking) == EDEADLK);
	pthread_mutex_unlock(&checking);
	pthread_mutex_unlock(&made_checking);
	pthread_mutex_lock(&mutex);
	must(pthread_mutex_trylock(&mutex) == EBUSY);
	pthread_mutex_unlock(&mutex);
	pthread_mutex_destroy(&made);
	pthread_mutex_destroy(&made_checking);
}

/* ---- unlocked wrongly ------------------------------------------------------------------------ */

static void unlock_unlocked(void)
{
	lock_and_unlock(&mutex);
	unlock_it(&mutex);
}

static void unlock_unlocked_never_locked(void) { unlock_it(&mutex); }

static void unlock_unlocked_recursive(void)
{
	pthread_mutex_t made;

	init_mutex(&made, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	must(pthread_mutex_unlock(&made) == EPERM);
}

/* A program may ask an error-checking mutex by such a call; a zeroed mutex is a new one. */
static void unlock_unlocked_ok(void)
{
	static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	pthread_mutex_t made;

	must(pthread_mutex_unlock(&checking) == EPERM);
	init_mutex(&made, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
	must(pthread_mutex_unlock(&made) == EPERM);
	lock_and_unlock(&mutex);
	memset(&mutex, 0, sizeof mutex);
	lock_and_unlock(&mutex);
}

/* What atfork handlers do: the child's thread, the copy of the one that locked the mutex, unlocks it. */
static void unlock_in_child_ok(void)
{
	pthread_mutex_lock(&mutex);
	pid_t child = fork();
	unlock_it(&mutex);
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
}

static void unlock_not_owner(void)
{
	lock_it(&mutex);
	in_thread(unlock_it, &mutex);
}

static void unlock_not_owner_ok(void)
{
	for (int i = 0; i < 3; i++)
		in_thread(lock_and_unlock, &mutex);
	lock_and_unlock(&mutex);
}

/* ---- ended or made anew while locked ---------------------------------------------------------- */

static void destroy_locked(void)
{
	lock_it(&mutex);
	pthread_mutex_destroy(&mutex);
}

static void destroy_locked_ok(void)
{
	lock_and_unlock(&mutex);
	must(pthread_mutex_destroy(&mutex) == 0);
}

static void reinit_locked(void)
{
	lock_it(&mutex);
	pthread_mutex_init(&mutex, NULL);
}

/* Each call has a new mutex in its frame, at the same address, and none is ever destroyed. */
__attribute__((noinline)) static void use_stack_mutex(void)
{
	pthread_mutex_t local;

	pthread_mutex_init(&local, NULL);
	lock_and_unlock(&local);
}

static void reinit_locked_ok(void)
{
	for (int i = 0; i < 3; i++)
		use_stack_mutex();
	lock_and_unlock(&mutex);
	pthread_mutex_init(&mutex, NULL);
	lock_and_unlock(&mutex);
}

/* A mutex that is left locked in a frame ends with the frame: the next call has another mutex at the same address. */
__attribute__((noinline)) static void lock_in_frame(bool leaves)
{
	pthread_mutex_t local;

	pthread_mutex_init(&local, NULL);
	pthread_mutex_lock(&local);
	if (!leaves)
		pthread_mutex_unlock(&local);
}

static void reinit_after_frame_ok(void)
{
	lock_in_frame(true);
	lock_in_frame(false);
}

static void use_destroyed(void)
{
	lock_and_unlock(&mutex);
	pthread_mutex_destroy(&mutex);
	pthread_mutex_lock(&mutex);
}

/* The mutex is destroyed, and then initialised again: by assignment, by zeros, by a call. */
static void use_destroyed_ok(void)
{
	lock_and_unlock(&mutex);
	pthread_mutex_destroy(&mutex);
	mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	lock_and_unlock(&mutex);
	pthread_mutex_destroy(&mutex);
	memset(&mutex, 0, sizeof mutex);
	lock_and_unlock(&mutex);
	pthread_mutex_destroy(&mutex);
	pthread_mutex_init(&mutex, NULL);
	lock_and_unlock(&mutex);
}

/* ---- memory -------------------------------------------------------------------------------------- */

struct node {
	long values[8]; /* once the block is freed, the allocator writes here */
	pthread_mutex_t mutex;
};

static struct node *new_node(void)
{
	struct node *node = malloc(sizeof *node);

	pthread_mutex_init(&node->mutex, NULL);
	return node;
}

static void in_freed_memory(void)
{
	struct node *node = new_node();

	lock_and_unlock(&node->mutex);
	free(node);
	lock_and_unlock(&node->mutex);
}

/* The next block is at the same address.  Its mutex is initialised by zeros, without a call. */
static void in_freed_memory_ok(void)
{
	for (int i = 0; i < 3; i++) {
		struct node *node = calloc(1, sizeof *node);

		lock_and_unlock(&node->mutex);
		free(node);
	}
}

static void free_locked(void)
{
	struct node *node = new_node();

	lock_it(&node->mutex);
	free(node);
}

static void free_locked_ok(void)
{
	struct node *node = new_node();

	lock_and_unlock(&node->mutex);
	free(node);
}

static void copied(void)
{
	struct node first = {.mutex = PTHREAD_MUTEX_INITIALIZER}, second;

	lock_it(&first.mutex);
	second = first;
	unlock_it(&second.mutex);
	unlock_it(&first.mutex);
}

/* The mutex is copied while unlocked: POSIX forbids that too, but it does no harm, and each call is correct. */
static void copied_ok(void)
{
	struct node first = {.mutex = PTHREAD_MUTEX_INITIALIZER}, second = first;

	lock_it(&first.mutex);
	lock_it(&second.mutex);
	unlock_it(&second.mutex);
	unlock_it(&first.mutex);
}

/* ---- owners that are gone -------------------------------------------------------------------------- */

static pthread_mutex_t robust;

static void orphan_robust(void)
{
	init_mutex(&robust, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	in_thread(lock_it, &robust);
	must(pthread_mutex_lock(&robust) == EOWNERDEAD);
}

static void robust_inconsistent(void)
{
	orphan_robust();
	pthread_mutex_unlock(&robust);
}

static void robust_inconsistent_ok(void)
{
	orphan_robust();
	pthread_mutex_consistent(&robust);
	pthread_mutex_unlock(&robust);
	lock_and_unlock(&robust);
	in_thread(lock_it, &robust);
	must(pthread_mutex_destroy(&robust) == 0);
}

static void exit_holding(void) { in_thread(lock_it, &mutex); }

static void *lock_exit_by_call(void *m)
{
	pthread_mutex_lock(m);
	pthread_cleanup_push((void (*)(void *))pthread_mutex_unlock, m);
	pthread_exit(NULL);
	pthread_cleanup_pop(1);
	return NULL;
}

static void exit_holding_ok(void)
{
	in_thread(lock_and_unlock, &mutex);
	in_thread(lock_exit_by_call, &mutex);
}

/* ---- fork -------------------------------------------------------------------------------------------- */

static void *hold_until_child_ends(void *m)
{
	pthread_mutex_lock(m);
	through();
	await_through(2);
	pthread_mutex_unlock(m);
	return NULL;
}

static void fork_while_held(void (*in_child)(void), bool child_hangs)
{
	pthread_t thread = start(hold_until_child_ends, &mutex);

	await_through(1);
	pid_t child = fork();
	if (!child) {
		in_child();
		_exit(0);
	}
	if (child_hangs) {
		await_process(child);
		kill(child, SIGALRM);
	}
	waitpid(child, NULL, 0);
	through();
	pthread_join(thread, NULL);
}

static void lock_mutex(void) { pthread_mutex_lock(&mutex); }
static void lock_other(void) { lock_and_unlock(&other); }

static void across_fork(void) { fork_while_held(lock_mutex, true); }
static void across_fork_ok(void) { fork_while_held(lock_other, false); }

/* Parent and child share the mutex, so the parent can unlock it for the child. */
static void across_fork_shared_ok(void)
{
	pthread_mutex_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(shared, &attributes);
	pthread_mutex_lock(shared);
	pid_t child = fork();
	if (!child) {
		alarm(1);
		pthread_mutex_lock(shared);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	pthread_mutex_unlock(shared);
}

/* ---- errors -------------------------------------------------------------------------------------------- */

static void error_ignored(void)
{
	struct timespec never = {.tv_nsec = -1};

	pthread_mutex_lock(&mutex);
	in_thread(lock_exit_by_call, &other);
	pthread_mutex_timedlock(&mutex, &never);
	pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(relock),
	    SHAPE(relock_timed),
	    SHAPE(relock_ok),
	    SHAPE(unlock_unlocked),
	    SHAPE(unlock_unlocked_never_locked),
	    SHAPE(unlock_unlocked_recursive),
	    SHAPE(unlock_unlocked_ok),
	    SHAPE(unlock_in_child_ok),
	    SHAPE(unlock_not_owner),
	    SHAPE(unlock_not_owner_ok),
	    SHAPE(destroy_locked),
	    SHAPE(destroy_locked_ok),
	    SHAPE(reinit_locked),
	    SHAPE(reinit_locked_ok),
	    SHAPE(reinit_after_frame_ok),
	    SHAPE(use_destroyed),
	    SHAPE(use_destroyed_ok),
	    SHAPE(in_freed_memory),
	    SHAPE(in_freed_memory_ok),
	    SHAPE(free_locked),
	    SHAPE(free_locked_ok),
	    SHAPE(copied),
	    SHAPE(copied_ok),
	    SHAPE(robust_inconsistent),
	    SHAPE(robust_inconsistent_ok),
	    SHAPE(exit_holding),
	    SHAPE(exit_holding_ok),
	    SHAPE(across_fork),
	    SHAPE(across_fork_ok),
	    SHAPE(across_fork_shared_ok),
	    SHAPE(error_ignored),
	};

	NAME_LOCK(mutex);
	NAME_LOCK(other);
	NAME_LOCK(robust);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
