/*
 * Conflicting lock orders, and what keeps them apart or does not: the first argument names the shape (shapes.h).  None
 * hangs.
 */
#include <semaphore.h>

#include "shapes.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t done;

static void nest(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

static void both(void *(*one)(void *), void *(*other)(void *))
{
	pthread_t threads[] = { start(one, NULL), start(other, NULL) };

	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

/* ---- semaphores ---------------------------------------------------------------------------- */

static void *nest_then_post(void *unused)
{
	nest(&first, &second);
	sem_post(&done);
	return unused;
}

static void *wait_then_nest(void *unused)
{
	sem_wait(&done);
	nest(&second, &first);
	return unused;
}

static void sem_ok(void)
{
	sem_init(&done, 0, 0);
	both(nest_then_post, wait_then_nest);
}

static void *wait_then_nest_late(void *unused)
{
	sem_wait(&done);
	pause_ms(100); /* it does not hang */
	nest(&second, &first);
	return unused;
}

/* It was posted before: the wait orders nothing. */
static void sem_of_one(void)
{
	sem_init(&done, 0, 1);
	both(nest_then_post, wait_then_nest_late);
}

/* Another could have posted. */
static void sem_of_two_posters(void)
{
	sem_init(&done, 0, 0);
	both(nest_then_post, wait_then_nest);
	sem_post(&done);
}

/* ---- barriers -------------------------------------------------------------------------------- */

static void *nest_then_meet(void *unused)
{
	nest(&first, &second);
	pthread_barrier_wait(&barrier);
	return unused;
}

static void *meet_then_nest(void *unused)
{
	pthread_barrier_wait(&barrier);
	nest(&second, &first);
	return unused;
}

static void barrier_ok(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	both(nest_then_meet, meet_then_nest);
}

static void *meet_then_nest_too(void *unused)
{
	pthread_barrier_wait(&barrier);
	pause_ms(100);
	nest(&first, &second);
	return unused;
}

static void barrier_before_both(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	both(meet_then_nest_too, meet_then_nest);
}

/* ---- joins -------------------------------------------------------------------------------------- */

static void *lock_first(void *unused)
{
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	return unused;
}

static void *lock_second(void *unused)
{
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&second);
	return unused;
}

/* The thread has had its lock by then, in this run. */
static void join_holding(void)
{
	pthread_t thread = start(lock_first, NULL);

	pause_ms(50);
	pthread_mutex_lock(&first);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(&first);
}

static void join_holding_other_ok(void)
{
	pthread_t thread = start(lock_second, NULL);

	pause_ms(50);
	pthread_mutex_lock(&first);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(&first);
}

/* The lock is taken after the thread is known to be done with it. */
static void join_holding_ordered_ok(void)
{
	sem_init(&done, 0, 0);
	pthread_t thread = start(nest_then_post, NULL);

	sem_wait(&done);
	pthread_mutex_lock(&first);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(&first);
}

/* ---- many locks of one sort ------------------------------------------------------------------------ */

#define CHAIN 50

static struct link {
	pthread_mutex_t lock;
} chain[CHAIN];

static void *hand_over_hand(void *unused)
{
	pthread_mutex_lock(&chain[0].lock);
	for (int i = 1; i < CHAIN; i++) {
		pthread_mutex_lock(&chain[i].lock);
		pthread_mutex_unlock(&chain[i - 1].lock);
	}
	pthread_mutex_unlock(&chain[CHAIN - 1].lock);
	return unused;
}

static void init_chain(void)
{
	for (int i = 0; i < CHAIN; i++)
		pthread_mutex_init(&chain[i].lock, NULL);
}

static void hand_over_hand_ok(void)
{
	init_chain();
	both(hand_over_hand, hand_over_hand);
}

static void *philosopher(void *number)
{
	long left = (long)number, right = (left + 1) % 5;

	if (left < right)
		nest(&chain[left].lock, &chain[right].lock);
	else
		nest(&chain[right].lock, &chain[left].lock);
	return NULL;
}

static void *careless_philosopher(void *number)
{
	long left = (long)number;

	pause_ms(left * 20); /* one after the other: it does not hang */
	nest(&chain[left].lock, &chain[(left + 1) % 5].lock);
	return NULL;
}

static void dine(void *(*routine)(void *))
{
	pthread_t threads[5];

	init_chain();
	for (long i = 0; i < 5; i++)
		threads[i] = start(routine, (void *)i);
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
}

static void ordered_philosophers_ok(void) { dine(philosopher); }
static void philosophers(void) { dine(careless_philosopher); }

/* A lock that ends, and another that begins at its place. */
static void *use_address(void *backwards)
{
	pthread_mutex_init(&chain[0].lock, NULL);
	if (backwards)
		nest(&first, &chain[0].lock);
	else
		nest(&chain[0].lock, &first);
	pthread_mutex_destroy(&chain[0].lock);
	sem_post(&done);
	return NULL;
}

static void reused_address_ok(void)
{
	sem_init(&done, 0, 0);
	pthread_t one = start(use_address, NULL);
	pause_ms(50);
	pthread_t other = start(use_address, &done);
	pthread_join(one, NULL);
	pthread_join(other, NULL);
}

static void *use_block(void *backwards)
{
	struct link *block = malloc(sizeof *block);

	block->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	if (backwards)
		nest(&first, &block->lock);
	else
		nest(&block->lock, &first);
	free(block);
	return NULL;
}

static void *use_blocks(void *unused)
{
	use_block(NULL);
	return unused;
}

static void reused_block_ok(void)
{
	pthread_t one = start(use_blocks, NULL);

	pause_ms(50);
	use_block(&first);
	pthread_join(one, NULL);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
		SHAPE(sem_ok), SHAPE(sem_of_one), SHAPE(sem_of_two_posters), SHAPE(barrier_ok),
		SHAPE(barrier_before_both), SHAPE(join_holding), SHAPE(join_holding_other_ok),
		SHAPE(join_holding_ordered_ok), SHAPE(hand_over_hand_ok), SHAPE(ordered_philosophers_ok),
		SHAPE(philosophers), SHAPE(reused_address_ok), SHAPE(reused_block_ok),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
