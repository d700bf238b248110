/*
 * Races that the calls alone prove.  A shape NAME_ok does the same without the race.  Threads come one after the other
 * by counts that the shim does not see (turns.h): a count orders two threads just as an atomic reference count does.
 */
#define _GNU_SOURCE
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "shapes.h"

struct node {
	char name[24];
	pthread_mutex_t mutex;
	pthread_rwlock_t rwlock;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	pthread_spinlock_t spin;
	sem_t sem;
	unsigned references; /* atomic, or under the mutex */
	bool ready;
};

static struct node *node;

static struct node *new_node(void)
{
	struct node *made = calloc(1, sizeof *made);

	pthread_mutex_init(&made->mutex, NULL);
	pthread_rwlock_init(&made->rwlock, NULL);
	pthread_cond_init(&made->cond, NULL);
	pthread_barrier_init(&made->barrier, NULL, 2);
	pthread_spin_init(&made->spin, PTHREAD_PROCESS_PRIVATE);
	sem_init(&made->sem, 0, 0);
	made->references = 2;
	name_lock("mutex", &made->mutex);
	name_lock("rwlock", &made->rwlock);
	name_lock("cond", &made->cond);
	name_lock("barrier", &made->barrier);
	name_lock("spin", &made->spin);
	name_lock("sem", &made->sem);
	return made;
}

static void destroy_all(struct node *old)
{
	pthread_mutex_destroy(&old->mutex);
	pthread_rwlock_destroy(&old->rwlock);
	pthread_cond_destroy(&old->cond);
	pthread_spin_destroy(&old->spin);
	sem_destroy(&old->sem);
}

static void free_node(void)
{
	free(node);
	through();
}

/* ---- a call after the free ------------------------------------------------------------------
 *
 * The memory is freed, and the call works on it: glibc's free changes the first 16 bytes of a block. */

static void *lock_late(void *unused)
{
	await_through(1);
	pthread_mutex_lock(&node->mutex);
	pthread_mutex_unlock(&node->mutex);
	return unused;
}

static void lock_after(void)
{
	node = new_node();
	pthread_t thread = start(lock_late, NULL);

	free_node();
	pthread_join(thread, NULL);
}

static void *unlock_late(void *unused)
{
	pthread_mutex_lock(&node->mutex);
	through();
	await_through(2);
	pthread_mutex_unlock(&node->mutex);
	return unused;
}

static void unlock_after(void)
{
	node = new_node();
	pthread_t thread = start(unlock_late, NULL);

	await_through(1);
	free_node();
	pthread_join(thread, NULL);
}

static void *try_late(void *unused)
{
	await_through(1);
	must(pthread_mutex_trylock(&node->mutex) == 0);
	pthread_mutex_unlock(&node->mutex);
	return unused;
}

static void try_after(void)
{
	node = new_node();
	pthread_t thread = start(try_late, NULL);

	free_node();
	pthread_join(thread, NULL);
}

/* As pbzip2 0.9.4 does at its end: the queue's mutex is destroyed and freed, and a consumer unlocks it. */
static void *unlock_destroyed_late(void *unused)
{
	pthread_mutex_lock(&node->mutex);
	pthread_mutex_unlock(&node->mutex);
	through();
	await_through(2);
	pthread_mutex_unlock(&node->mutex);
	return unused;
}

static void unlock_after_destroy(void)
{
	node = new_node();
	pthread_t thread = start(unlock_destroyed_late, NULL);

	await_through(1);
	destroy_all(node);
	free_node();
	pthread_join(thread, NULL);
}

static void *read_unlock_late(void *unused)
{
	pthread_rwlock_rdlock(&node->rwlock);
	through();
	await_through(2);
	pthread_rwlock_unlock(&node->rwlock);
	return unused;
}

static void read_unlock_after(void)
{
	node = new_node();
	pthread_t thread = start(read_unlock_late, NULL);

	await_through(1);
	free_node();
	pthread_join(thread, NULL);
}

static void *spin_unlock_late(void *unused)
{
	pthread_spin_lock(&node->spin);
	through();
	await_through(2);
	pthread_spin_unlock(&node->spin);
	return unused;
}

static void spin_unlock_after(void)
{
	node = new_node();
	pthread_t thread = start(spin_unlock_late, NULL);

	await_through(1);
	free_node();
	pthread_join(thread, NULL);
}

static void *post_late(void *unused)
{
	await_through(1);
	sem_post(&node->sem);
	return unused;
}

static void post_after(void)
{
	node = new_node();
	pthread_t thread = start(post_late, NULL);

	free_node();
	pthread_join(thread, NULL);
}

static void *signal_late(void *unused)
{
	await_through(1);
	pthread_cond_signal(&node->cond);
	return unused;
}

static void signal_after(void)
{
	node = new_node();
	pthread_t thread = start(signal_late, NULL);

	free_node();
	pthread_join(thread, NULL);
}

static void *destroy_late(void *unused)
{
	await_through(1);
	pthread_mutex_destroy(&node->mutex);
	return unused;
}

static void destroy_after(void)
{
	node = new_node();
	pthread_t thread = start(destroy_late, NULL);

	free_node();
	pthread_join(thread, NULL);
}

/* A lock that the thread holds meanwhile orders nothing: the thread that frees does not take it. */
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;

static void *lock_late_with_other(void *unused)
{
	await_through(1);
	pthread_mutex_lock(&other);
	pthread_mutex_lock(&node->mutex);
	pthread_mutex_unlock(&node->mutex);
	pthread_mutex_unlock(&other);
	return unused;
}

static void lock_after_with_other(void)
{
	node = new_node();
	pthread_t thread = start(lock_late_with_other, NULL);

	free_node();
	pthread_join(thread, NULL);
}

/* ---- a wait across the free ------------------------------------------------------------------ */

static void *wait_for_sem(void *unused)
{
	sem_wait(&node->sem);
	return unused;
}

/* The memory stays as it is, so that the semaphore can be posted: the thread is in sem_wait when it is freed. */
static void wait_across(void)
{
	node = new_node();
	pthread_t thread = start(wait_for_sem, NULL);

	await_others(1);
	free_node();
	sem_post(&node->sem);
	pthread_join(thread, NULL);
}

static void *wait_for_lock(void *unused)
{
	pthread_rwlock_rdlock(&node->rwlock);
	pthread_rwlock_unlock(&node->rwlock);
	return unused;
}

/* A thread waits for the lock when the owner frees the block, and gets it when the owner gives it back. */
static void lock_across(void)
{
	node = new_node();
	pthread_rwlock_wrlock(&node->rwlock);
	pthread_t thread = start(wait_for_lock, NULL);

	await_others(1);
	pthread_mutex_lock(&other);
	free_node();
	pthread_mutex_unlock(&other);
	pthread_rwlock_unlock(&node->rwlock);
	pthread_join(thread, NULL);
}

static void *wait_for_ready(void *unused)
{
	pthread_mutex_lock(&node->mutex);
	pthread_cond_wait(&node->cond, &node->mutex);
	pthread_mutex_unlock(&node->mutex);
	return unused;
}

static void relock_across(void)
{
	node = new_node();
	pthread_t thread = start(wait_for_ready, NULL);

	await_others(1);
	free_node();
	pthread_cond_signal(&node->cond);
	pthread_join(thread, NULL);
}

/* ---- correct -------------------------------------------------------------------------------------- */

static void lock_and_unlock(void)
{
	pthread_mutex_lock(&node->mutex);
	pthread_mutex_unlock(&node->mutex);
}

static void *use_all(void *unused)
{
	lock_and_unlock();
	pthread_rwlock_rdlock(&node->rwlock);
	pthread_rwlock_unlock(&node->rwlock);
	pthread_spin_lock(&node->spin);
	pthread_spin_unlock(&node->spin);
	sem_post(&node->sem);
	pthread_cond_signal(&node->cond);
	through();
	return unused;
}

/* The thread is joined. */
static void joined_ok(void)
{
	node = new_node();
	in_thread(use_all, NULL);
	free_node();
}

/* A flag that only atomic instructions set comes after the last use. */
static void flag_ok(void)
{
	node = new_node();
	pthread_t thread = start(use_all, NULL);

	await_through(1);
	free_node();
	pthread_join(thread, NULL);
}

static void drop_reference(struct node *of)
{
	if (__atomic_sub_fetch(&of->references, 1, __ATOMIC_ACQ_REL) == 0) {
		destroy_all(of);
		free(of);
	}
}

static void *use_and_drop(void *argument)
{
	struct node *mine = argument;

	pthread_mutex_lock(&mine->mutex);
	mine->name[0]++;
	pthread_mutex_unlock(&mine->mutex);
	drop_reference(mine);
	return NULL;
}

/* As with shared_ptr: the owner that drops the last reference frees, whichever it is.  A hundred times, so that both
 * threads are the last at times. */
static void references_ok(void)
{
	for (int i = 0; i < 100; i++) {
		struct node *one = calloc(1, sizeof *one);

		pthread_mutex_init(&one->mutex, NULL);
		one->references = 2;
		pthread_t thread = start(use_and_drop, one);
		use_and_drop(one);
		pthread_join(thread, NULL);
	}
}

/* The count is in the node, under its mutex: the last thread may free while the other's unlock is on its way out. */
static void *use_and_drop_locked(void *argument)
{
	struct node *mine = argument;

	pthread_mutex_lock(&mine->mutex);
	bool last = --mine->references == 0;
	pthread_mutex_unlock(&mine->mutex);
	if (last) {
		pthread_mutex_destroy(&mine->mutex);
		free(mine);
	}
	return NULL;
}

static void locked_references_ok(void)
{
	for (int i = 0; i < 100; i++) {
		struct node *one = calloc(1, sizeof *one);

		pthread_mutex_init(&one->mutex, NULL);
		one->references = 2;
		pthread_t thread = start(use_and_drop_locked, one);
		use_and_drop_locked(one);
		pthread_join(thread, NULL);
	}
}

static void *post(void *argument)
{
	struct node *mine = argument;

	sem_post(&mine->sem);
	return NULL;
}

/* The waiter frees as soon as it has been woken: sem_post may still be on its way out. */
static void completion_ok(void)
{
	for (int i = 0; i < 100; i++) {
		struct node *one = calloc(1, sizeof *one);

		sem_init(&one->sem, 0, 0);
		pthread_t thread = start(post, one);
		sem_wait(&one->sem);
		sem_destroy(&one->sem);
		free(one);
		pthread_join(thread, NULL);
	}
}

static void *await_ready(void *unused)
{
	pthread_mutex_lock(&other);
	while (!node->ready)
		pthread_cond_wait(&node->cond, &other);
	pthread_mutex_unlock(&other);
	return unused;
}

/* The condition is destroyed and freed after the broadcast: the destruction waits until the thread has left it.  The
 * thread cannot return before the mutex is given back. */
static void broadcast_ok(void)
{
	node = new_node();
	pthread_t thread = start(await_ready, NULL);

	await_others(1);
	pthread_mutex_lock(&other);
	node->ready = true;
	pthread_cond_broadcast(&node->cond);
	pthread_cond_destroy(&node->cond);
	struct node *old = node;
	node = calloc(1, sizeof *node);
	node->ready = true;
	free(old);
	pthread_mutex_unlock(&other);
	pthread_join(thread, NULL);
	free(node);
}

static void *meet(void *argument)
{
	struct node *mine = argument;

	pthread_barrier_wait(&mine->barrier);
	return NULL;
}

/* The first thread out destroys and frees the barrier: the destruction waits for the other one. */
static void barrier_ok(void)
{
	for (int i = 0; i < 100; i++) {
		struct node *one = calloc(1, sizeof *one);

		pthread_barrier_init(&one->barrier, NULL, 2);
		pthread_t thread = start(meet, one);
		pthread_barrier_wait(&one->barrier);
		pthread_barrier_destroy(&one->barrier);
		free(one);
		pthread_join(thread, NULL);
	}
}

/* The block is freed, and another thread has the memory next, for a mutex that zeroes initialise. */
static void *take_memory(void *unused)
{
	await_through(1);
	for (int i = 0; i < 3; i++) {
		struct node *next = calloc(1, sizeof *next);

		pthread_mutex_lock(&next->mutex);
		pthread_mutex_unlock(&next->mutex);
		free(next);
	}
	return unused;
}

static void reused_ok(void)
{
	node = new_node();
	lock_and_unlock();
	pthread_t thread = start(take_memory, NULL);

	free_node();
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(lock_after),
	    SHAPE(unlock_after),
	    SHAPE(try_after),
	    SHAPE(unlock_after_destroy),
	    SHAPE(read_unlock_after),
	    SHAPE(spin_unlock_after),
	    SHAPE(post_after),
	    SHAPE(signal_after),
	    SHAPE(destroy_after),
	    SHAPE(lock_after_with_other),
	    SHAPE(wait_across),
	    SHAPE(lock_across),
	    SHAPE(relock_across),
	    SHAPE(joined_ok),
	    SHAPE(flag_ok),
	    SHAPE(references_ok),
	    SHAPE(locked_references_ok),
	    SHAPE(completion_ok),
	    SHAPE(broadcast_ok),
	    SHAPE(barrier_ok),
	    SHAPE(reused_ok),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
