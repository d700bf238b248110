/* Read-write locks and spin locks used wrongly, and nearly so: the first argument names the shape (shapes.h). */
#include <errno.h>

#include "shapes.h"

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;

static void *read_it(void *unused)
{
	pthread_rwlock_rdlock(&rwlock);
	return unused;
}

static void *unlock_rwlock(void *unused)
{
	pthread_rwlock_unlock(&rwlock);
	return unused;
}

static void unlock_not_held(void)
{
	read_it(NULL);
	unlock_rwlock(NULL);
	unlock_rwlock(NULL);
}

static void unlock_not_held_by_this(void)
{
	read_it(NULL);
	in_thread(unlock_rwlock, NULL);
}

/* Read-locked twice, unlocked twice. */
static void unlock_not_held_ok(void)
{
	read_it(NULL);
	read_it(NULL);
	unlock_rwlock(NULL);
	unlock_rwlock(NULL);
	must(pthread_rwlock_trywrlock(&rwlock) == 0);
	unlock_rwlock(NULL);
}

static void read_while_write_held(void)
{
	pthread_rwlock_wrlock(&rwlock);
	must(pthread_rwlock_rdlock(&rwlock) == EDEADLK);
	unlock_rwlock(NULL);
}

static void read_while_write_held_ok(void)
{
	pthread_rwlock_wrlock(&rwlock);
	must(pthread_rwlock_tryrdlock(&rwlock) == EBUSY);
	unlock_rwlock(NULL);
	read_it(NULL);
	unlock_rwlock(NULL);
}

static void upgrade(void)
{
	struct timespec when = in_ms(10);

	read_it(NULL);
	must(pthread_rwlock_timedwrlock(&rwlock, &when) == ETIMEDOUT);
	unlock_rwlock(NULL);
}

static void *upgrade_it(void *unused)
{
	read_it(NULL);
	pthread_rwlock_wrlock(&rwlock);
	return unused;
}

static void upgrade_for_ever(void)
{
	start(upgrade_it, NULL);
	await_others(1);
}

/* Tries to write-lock with the read lock held, which fails; then unlocks, and write-locks. */
static void upgrade_ok(void)
{
	read_it(NULL);
	must(pthread_rwlock_trywrlock(&rwlock) == EBUSY);
	unlock_rwlock(NULL);
	pthread_rwlock_wrlock(&rwlock);
	unlock_rwlock(NULL);
}

static void destroy_held(void)
{
	read_it(NULL);
	pthread_rwlock_destroy(&rwlock);
}

static void destroy_held_ok(void)
{
	read_it(NULL);
	unlock_rwlock(NULL);
	pthread_rwlock_destroy(&rwlock);
}

static void *spin_twice(void *unused)
{
	pthread_spin_lock(&spin);
	through();
	pthread_spin_lock(&spin);
	return unused;
}

static void spin_relock(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	pthread_t thread = start(spin_twice, NULL);

	await_through(1);
	await_work(thread, 50);
}

static void *unlock_spin(void *unused)
{
	pthread_spin_unlock(&spin);
	return unused;
}

static void spin_unlock_unlocked(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	unlock_spin(NULL);
}

static void spin_unlock_not_owner(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	pthread_spin_lock(&spin);
	in_thread(unlock_spin, NULL);
}

static void spin_destroy_locked(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	pthread_spin_lock(&spin);
	pthread_spin_destroy(&spin);
}

static void *lock_and_unlock_spin(void *unused)
{
	pthread_spin_lock(&spin);
	pthread_spin_unlock(&spin);
	return unused;
}

static void spin_ok(void)
{
	for (int i = 0; i < 2; i++) {
		pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
		pthread_spin_lock(&spin);
		must(pthread_spin_trylock(&spin) == EBUSY);
		pthread_spin_unlock(&spin);
		in_thread(lock_and_unlock_spin, NULL);
		pthread_spin_destroy(&spin);
	}
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(unlock_not_held),
	    SHAPE(unlock_not_held_by_this),
	    SHAPE(unlock_not_held_ok),
	    SHAPE(read_while_write_held),
	    SHAPE(read_while_write_held_ok),
	    SHAPE(upgrade),
	    SHAPE(upgrade_for_ever),
	    SHAPE(upgrade_ok),
	    SHAPE(destroy_held),
	    SHAPE(destroy_held_ok),
	    SHAPE(spin_relock),
	    SHAPE(spin_unlock_unlocked),
	    SHAPE(spin_unlock_not_owner),
	    SHAPE(spin_destroy_locked),
	    SHAPE(spin_ok),
	};

	NAME_LOCK(rwlock);
	NAME_LOCK(spin);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
