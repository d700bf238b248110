/*
 * Conflicting lock orders, and synchronisation that prevents the deadlock or does not: the first argument names the
 * shape (shapes.h).  No shape hangs.  A shape NAME_ok cannot deadlock; the shape NAME beside it can.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "shapes.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER, index_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t done;

static void nest(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

/* ---- semaphores ---------------------------------------------------------------------------- */

static void *nest_then_post(void *unused)
{
	nest(&first, &second);
	through();
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
	in_threads(nest_then_post, wait_then_nest);
}

static void *wait_then_nest_late(void *unused)
{
	sem_wait(&done);
	give_way(1); /* so that it does not hang */
	nest(&second, &first);
	return unused;
}

/* The semaphore starts at 1, so the wait need not wait for the post: it orders nothing. */
static void sem_of_one(void)
{
	sem_init(&done, 0, 1);
	in_threads(nest_then_post, wait_then_nest_late);
}

/* Main posts too, so the wait could have ended by main's post. */
static void sem_of_two_posters(void)
{
	sem_init(&done, 0, 0);
	in_threads(nest_then_post, wait_then_nest);
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
	through();
	return unused;
}

static void barrier_ok(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	in_threads(nest_then_meet, meet_then_nest);
}

static void *meet_then_nest_too(void *unused)
{
	pthread_barrier_wait(&barrier);
	give_way(1);
	nest(&first, &second);
	return unused;
}

static void barrier_before_both(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	in_threads(meet_then_nest_too, meet_then_nest);
}

/* ---- joins -------------------------------------------------------------------------------------- */

static void *lock_first(void *unused)
{
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	through();
	return unused;
}

static void *lock_second(void *unused)
{
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&second);
	through();
	return unused;
}

/* In this run, the thread is done with its lock before main takes it. */
static void join_holding(void)
{
	pthread_t thread = start(lock_first, NULL);

	give_way(1);
	pthread_mutex_lock(&first);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(&first);
}

static void join_holding_other_ok(void)
{
	pthread_t thread = start(lock_second, NULL);

	give_way(1);
	pthread_mutex_lock(&first);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(&first);
}

/* Main takes the lock after the thread's post, which says that the thread is done with it. */
static void join_holding_ordered_ok(void)
{
	sem_init(&done, 0, 0);
	pthread_t thread = start(nest_then_post, NULL);

	sem_wait(&done);
	pthread_mutex_lock(&first);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(&first);
}

/* ---- many locks made at one place ------------------------------------------------------------------------ */

#define CHAIN 50

static struct link {
	pthread_mutex_t lock;
} chain[CHAIN];

static void *hand_over_hand(void *unused)
{
	for (int i = 0; i < CHAIN; i++) {
		pthread_mutex_lock(&chain[i].lock);
		if (i > 0)
			pthread_mutex_unlock(&chain[i - 1].lock);
	}
	pthread_mutex_unlock(&chain[CHAIN - 1].lock);
	through();
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
	in_threads(hand_over_hand, hand_over_hand);
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

	give_way((unsigned)left); /* one after the other, so that it does not hang */
	nest(&chain[left].lock, &chain[(left + 1) % 5].lock);
	through();
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

/* Each thread initialises and destroys a lock of its own, at the same address. */
static void *use_address(void *backwards)
{
	pthread_mutex_init(&chain[0].lock, NULL);
	if (backwards)
		nest(&first, &chain[0].lock);
	else
		nest(&chain[0].lock, &first);
	pthread_mutex_destroy(&chain[0].lock);
	sem_post(&done);
	through();
	return NULL;
}

static void reused_address_ok(void)
{
	sem_init(&done, 0, 0);
	pthread_t one = start(use_address, NULL);
	give_way(1);
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
	through();
	return unused;
}

static void reused_block_ok(void)
{
	pthread_t one = start(use_blocks, NULL);

	give_way(1);
	use_block(&first);
	pthread_join(one, NULL);
}

/* ---- locks in frames --------------------------------------------------------------------------------- */

static pthread_mutex_t *lent;
static bool given_back;

static void *borrow(void *unused)
{
	pthread_mutex_lock(&gate);
	while (!lent)
		pthread_cond_wait(&cond, &gate);
	pthread_mutex_t *borrowed = lent;
	pthread_mutex_unlock(&gate);
	nest(&first, borrowed);
	pthread_mutex_lock(&gate);
	given_back = true;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&gate);
	return unused;
}

/* A condition variable orders nothing, so the nestings before and after it can deadlock if their lock is the same. */
static void lend(pthread_mutex_t *mutex)
{
	pthread_mutex_lock(&gate);
	lent = mutex;
	pthread_cond_broadcast(&cond);
	while (!given_back)
		pthread_cond_wait(&cond, &gate);
	pthread_mutex_unlock(&gate);
}

/* Each call has a lock of its own, at the same address. */
__attribute__((noinline)) static void lend_or_nest(bool lends)
{
	pthread_mutex_t local = PTHREAD_MUTEX_INITIALIZER;

	if (lends)
		lend(&local);
	else
		nest(&local, &first);
}

static void frame_left_ok(void)
{
	pthread_t thread = start(borrow, NULL);

	lend_or_nest(true);
	lend_or_nest(false);
	pthread_join(thread, NULL);
}

static void frame_left_back_ok(void)
{
	pthread_t thread = start(borrow, NULL);

	lend_or_nest(false);
	lend_or_nest(true);
	pthread_join(thread, NULL);
}

/* One call in a loop: its caller's events in between show that the frame was left. */
static void frame_left_in_loop_ok(void)
{
	pthread_t thread = start(borrow, NULL);

	for (int i = 0; i < 2; i++) {
		lend_or_nest(i == 0);
		free(malloc(100));
	}
	pthread_join(thread, NULL);
}

static void frame_left_in_loop_back_ok(void)
{
	pthread_t thread = start(borrow, NULL);

	for (int i = 0; i < 2; i++) {
		lend_or_nest(i == 1);
		lock_second(NULL);
	}
	pthread_join(thread, NULL);
}

/* Both in one frame, so the lock is the same. */
__attribute__((noinline)) static void lend_and_nest(void)
{
	pthread_mutex_t local = PTHREAD_MUTEX_INITIALIZER;

	lend(&local);
	free(malloc(100));
	nest(&local, &first);
}

static void frame_kept(void)
{
	pthread_t thread = start(borrow, NULL);

	lend_and_nest();
	pthread_join(thread, NULL);
}

__attribute__((noinline)) static void nest_and_lend(void)
{
	pthread_mutex_t local = PTHREAD_MUTEX_INITIALIZER;

	nest(&local, &first);
	lock_second(NULL);
	lend(&local);
}

static void frame_kept_back(void)
{
	pthread_t thread = start(borrow, NULL);

	nest_and_lend();
	pthread_join(thread, NULL);
}

/* ---- one after the other, so that nothing hangs ------------------------------------------------------- */

static void *nest_forth(void *unused)
{
	nest(&first, &second);
	through();
	return unused;
}

static void *nest_back(void *unused)
{
	give_way(1);
	nest(&second, &first);
	return unused;
}

/* ---- gate locks --------------------------------------------------------------------------------------- */

static void *gated_forth(void *unused)
{
	pthread_mutex_lock(&gate);
	nest(&first, &second);
	pthread_mutex_unlock(&gate);
	through();
	return unused;
}

static void *gated_back(void *unused)
{
	give_way(1);
	pthread_mutex_lock(&gate);
	nest(&second, &first);
	pthread_mutex_unlock(&gate);
	return unused;
}

static void gate_ok(void) { in_threads(gated_forth, gated_back); }
static void gate_of_one(void) { in_threads(gated_forth, nest_back); }

/* ---- creation and joining, the time before there are threads ------------------------------------------ */

static void fork_join_ok(void)
{
	nest(&first, &second);
	through();
	in_thread(nest_back, NULL);
	nest(&first, &second);
}

/* The same, but main nests while the thread runs. */
static void fork_join(void)
{
	nest(&first, &second);
	pthread_t thread = start(nest_back, NULL);
	nest(&first, &second);
	through();
	pthread_join(thread, NULL);
}

static void init_phase_ok(void)
{
	nest(&second, &first); /* no other thread exists yet */
	in_threads(nest_forth, nest_forth);
}

/* Here the other order is taken by a second thread, which may run beside the first. */
static void init_phase(void) { in_threads(nest_forth, nest_back); }

static void *nest_both_ways(void *later)
{
	if (later)
		give_way(1);
	nest(&first, &second);
	nest(&second, &first);
	through();
	return later;
}

static void *touch_gate(void *unused)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return unused;
}

static void same_thread_ok(void) { in_threads(nest_both_ways, touch_gate); }

static void same_thread(void)
{
	pthread_t threads[] = {start(nest_both_ways, NULL), start(nest_both_ways, &gate)};

	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

/* ---- trying -------------------------------------------------------------------------------------------- */

static void *try_back(void *unused)
{
	give_way(1);
	pthread_mutex_lock(&second);
	while (pthread_mutex_trylock(&first)) {
		pthread_mutex_unlock(&second);
		pthread_mutex_lock(&second);
	}
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	return unused;
}

static void trylock_ok(void) { in_threads(nest_forth, try_back); }

/* Holds a lock that it got by a try, and waits for the next one. */
static void *try_then_lock(void *unused)
{
	give_way(1);
	must(pthread_mutex_trylock(&second) == 0);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	return unused;
}

static void trylock(void) { in_threads(nest_forth, try_then_lock); }

/* ---- recursive, robust ---------------------------------------------------------------------------------- */

static void *reenter(void *unused)
{
	pthread_mutex_lock(&first);
	nest(&second, &first); /* this thread holds `first` already */
	pthread_mutex_unlock(&first);
	through();
	return unused;
}

static void recursive_ok(void)
{
	init_mutex(&first, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	in_threads(reenter, nest_forth);
}

static void recursive(void)
{
	init_mutex(&first, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	in_threads(reenter, nest_back);
}

static void *die_with_first(void *unused)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&second);
	return unused;
}

static void inherit_first(void)
{
	must(pthread_mutex_lock(&first) == EOWNERDEAD);
	pthread_mutex_consistent(&first);
}

/* The thread that held `first` has ended: its lock order can no longer meet another's. */
static void robust_ok(void)
{
	init_mutex(&first, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	in_thread(die_with_first, NULL);
	pthread_mutex_lock(&second);
	inherit_first();
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
}

/* Once made consistent, a robust mutex is a lock like any other. */
static void *inherit_and_nest(void *unused)
{
	inherit_first();
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&second);
	pthread_mutex_unlock(&first);
	through();
	return unused;
}

static void robust(void)
{
	init_mutex(&first, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	in_thread(die_with_first, NULL);
	in_threads(inherit_and_nest, nest_back);
}

static int lock_it(pthread_mutex_t *mutex) { return pthread_mutex_lock(mutex); }

static int lock_it_in_time(pthread_mutex_t *mutex)
{
	struct timespec when = in_ms(1000);

	return pthread_mutex_timedlock(mutex, &when);
}

/* EOWNERDEAD says that the thread has ended: it will not want the lock while main joins it. */
static void join_robust_ok(void)
{
	int (*const lock[])(pthread_mutex_t *) = {lock_it, lock_it_in_time, pthread_mutex_trylock};

	for (int i = 0; i < 3; i++) {
		init_mutex(&first, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
		pthread_t thread = start(die_with_first, NULL);

		await_end_of_others();
		must(lock[i](&first) == EOWNERDEAD);
		pthread_mutex_consistent(&first);
		pthread_join(thread, NULL);
		pthread_mutex_unlock(&first);
		pthread_mutex_destroy(&first);
	}
}

static void *use_second_and_die_with_first(void *unused)
{
	lock_second(NULL);
	pthread_mutex_lock(&first);
	return unused;
}

/* Main takes `second` before EOWNERDEAD says that the thread has ended. */
static void join_robust(void)
{
	init_mutex(&first, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	pthread_t thread = start(use_second_and_die_with_first, NULL);

	await_end_of_others();
	pthread_mutex_lock(&second);
	inherit_first();
	pthread_mutex_unlock(&first);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(&second);
}

/* ---- other kinds ------------------------------------------------------------------------------------------ */

static void *sem_then_first(void *unused)
{
	sem_wait(&done);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	sem_post(&done);
	through();
	return unused;
}

static void *first_then_sem(void *unused)
{
	give_way(1);
	pthread_mutex_lock(&first);
	sem_wait(&done);
	sem_post(&done);
	pthread_mutex_unlock(&first);
	return unused;
}

/* Any thread may post: a semaphore has no place in the lock order. */
static void sem_as_lock_ok(void)
{
	sem_init(&done, 0, 1);
	in_threads(sem_then_first, first_then_sem);
}

static void *read_both(void *unused)
{
	pthread_rwlock_rdlock(&table);
	pthread_rwlock_rdlock(&index_lock);
	pthread_rwlock_unlock(&index_lock);
	pthread_rwlock_unlock(&table);
	through();
	return unused;
}

static void *read_back(void *unused)
{
	give_way(1);
	pthread_rwlock_rdlock(&index_lock);
	pthread_rwlock_rdlock(&table);
	pthread_rwlock_unlock(&table);
	pthread_rwlock_unlock(&index_lock);
	return unused;
}

static void *write_back(void *unused)
{
	give_way(1);
	pthread_rwlock_wrlock(&index_lock);
	pthread_rwlock_wrlock(&table);
	pthread_rwlock_unlock(&table);
	pthread_rwlock_unlock(&index_lock);
	return unused;
}

static void readers_ok(void) { in_threads(read_both, read_back); }
static void readers(void) { in_threads(read_both, write_back); }

static void *spin_then_first(void *unused)
{
	pthread_spin_lock(&spin);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_spin_unlock(&spin);
	through();
	return unused;
}

static void *first_then_spin(void *unused)
{
	give_way(1);
	pthread_mutex_lock(&first);
	pthread_spin_lock(&spin);
	pthread_spin_unlock(&spin);
	pthread_mutex_unlock(&first);
	return unused;
}

static void spinning(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	in_threads(spin_then_first, first_then_spin);
}

static void spinning_ok(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	in_threads(spin_then_first, spin_then_first);
}

static void *wait_with_second(void *unused)
{
	struct timespec when = in_ms(20);

	pthread_mutex_lock(&second);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	must(pthread_cond_timedwait(&cond, &second, &when) == ETIMEDOUT);
	pthread_mutex_unlock(&second);
	through();
	return unused;
}

/* Takes `second`, `first`, and `second` again: the wait takes it back while this thread holds `first`. */
static void *wait_inside(void *unused)
{
	struct timespec when = in_ms(20);

	pthread_mutex_lock(&second);
	pthread_mutex_lock(&first);
	must(pthread_cond_timedwait(&cond, &second, &when) == ETIMEDOUT);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	through();
	return unused;
}

static void relock(void) { in_threads(wait_inside, nest_back); }
static void relock_ok(void) { in_threads(wait_with_second, nest_back); }

/* ---- many locks made at one place, wrongly ordered -------------------- */

static void *hand_over_hand_back(void *unused)
{
	give_way(1);
	for (int i = CHAIN - 1; i >= 0; i--) {
		pthread_mutex_lock(&chain[i].lock);
		if (i < CHAIN - 1)
			pthread_mutex_unlock(&chain[i + 1].lock);
	}
	pthread_mutex_unlock(&chain[0].lock);
	return unused;
}

static void hand_over_hand_both_ways(void)
{
	init_chain();
	in_threads(hand_over_hand, hand_over_hand_back);
}

/* The lock is the same one all the time. */
static void *use_forth(void *unused)
{
	nest(&chain[0].lock, &first);
	through();
	return unused;
}

static void *use_back(void *unused)
{
	give_way(1);
	nest(&first, &chain[0].lock);
	return unused;
}

static void kept_address(void)
{
	pthread_mutex_init(&chain[0].lock, NULL);
	in_threads(use_forth, use_back);
}

#define ACCOUNTS 1000

static struct account {
	pthread_mutex_t lock;
} * accounts[ACCOUNTS];

__attribute__((noinline)) static struct account *open_account(void)
{
	struct account *account = malloc(sizeof *account);

	pthread_mutex_init(&account->lock, NULL);
	return account;
}

static void transfer(int from, int to) { nest(&accounts[from]->lock, &accounts[to]->lock); }

static unsigned next_random(unsigned *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

/* Transfers between any two of a thousand accounts.  ordered: the account with the lower number is locked first. */
static void transfer_at_random(unsigned seed, bool ordered)
{
	for (int i = 0; i < 20000; i++) {
		int from = (int)(next_random(&seed) % ACCOUNTS), to = (int)(next_random(&seed) % ACCOUNTS);

		if (from == to)
			continue;
		if (!ordered)
			transfer(from, to);
		else if (from < to)
			transfer(from, to);
		else
			transfer(to, from);
	}
}

static sem_t turn;

/* The tellers take turns, so that they do not hang.  But any thread may post, so the turns prove no order. */
static void *teller(void *seed)
{
	sem_wait(&turn);
	transfer_at_random((unsigned)(uintptr_t)seed, false);
	sem_post(&turn);
	return NULL;
}

static void *ordered_teller(void *seed)
{
	transfer_at_random((unsigned)(uintptr_t)seed, true);
	return NULL;
}

static void bank_of(void *(*routine)(void *))
{
	pthread_t threads[4];

	sem_init(&turn, 0, 1);
	for (int i = 0; i < ACCOUNTS; i++)
		accounts[i] = open_account();
	for (uintptr_t i = 0; i < 4; i++)
		threads[i] = start(routine, (void *)(i + 1));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void bank(void) { bank_of(teller); }
static void bank_ok(void) { bank_of(ordered_teller); }

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(sem_ok),
	    SHAPE(sem_of_one),
	    SHAPE(sem_of_two_posters),
	    SHAPE(barrier_ok),
	    SHAPE(barrier_before_both),
	    SHAPE(join_holding),
	    SHAPE(join_holding_other_ok),
	    SHAPE(join_holding_ordered_ok),
	    SHAPE(join_robust_ok),
	    SHAPE(join_robust),
	    SHAPE(hand_over_hand_ok),
	    SHAPE(ordered_philosophers_ok),
	    SHAPE(philosophers),
	    SHAPE(reused_address_ok),
	    SHAPE(reused_block_ok),
	    SHAPE(frame_left_ok),
	    SHAPE(frame_left_back_ok),
	    SHAPE(frame_left_in_loop_ok),
	    SHAPE(frame_left_in_loop_back_ok),
	    SHAPE(frame_kept),
	    SHAPE(frame_kept_back),
	    SHAPE(gate_ok),
	    SHAPE(gate_of_one),
	    SHAPE(fork_join_ok),
	    SHAPE(fork_join),
	    SHAPE(init_phase_ok),
	    SHAPE(init_phase),
	    SHAPE(same_thread_ok),
	    SHAPE(same_thread),
	    SHAPE(trylock_ok),
	    SHAPE(trylock),
	    SHAPE(recursive_ok),
	    SHAPE(recursive),
	    SHAPE(robust_ok),
	    SHAPE(robust),
	    SHAPE(sem_as_lock_ok),
	    SHAPE(readers_ok),
	    SHAPE(readers),
	    SHAPE(spinning),
	    SHAPE(spinning_ok),
	    SHAPE(relock),
	    SHAPE(relock_ok),
	    SHAPE(hand_over_hand_both_ways),
	    SHAPE(kept_address),
	    SHAPE(bank),
	    SHAPE(bank_ok),
	};

	NAME_LOCK(first);
	NAME_LOCK(second);
	NAME_LOCK(gate);
	NAME_LOCK(spin);
	NAME_LOCK(table);
	NAME_LOCK(index_lock);

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
