/*
 * C++'s own locks and threads, used wrongly and nearly so: the first argument names the shape.  None hangs.  A shape
 * NAME_ok is the correct form of the faulty shape NAME.
 */
#include <chrono>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <new>
#include <semaphore>
#include <shared_mutex>
#include <thread>

#include "shapes.h"

using namespace std::chrono_literals;

static std::mutex first, second;
static std::shared_mutex table;
static std::condition_variable changed;
static std::latch gone(1);
static std::counting_semaphore<8> items(0);

/* The routine of the second thread lets the first one through (turns.h). */
static void later() { give_way(1); }

static void both(void (*one)(), void (*other)())
{
	std::thread a(one), b(other);

	a.join();
	through();
	b.join();
}

/* ---- std::mutex ------------------------------------------------------------------------------ */

static void guard_forth()
{
	std::lock_guard outer(first);
	std::lock_guard inner(second);
}

static void guard_back()
{
	later();
	std::lock_guard outer(second);
	std::lock_guard inner(first);
}

static void scoped_forth()
{
	for (int i = 0; i < 1000; i++)
		std::scoped_lock all(first, second);
}

static void scoped_back()
{
	for (int i = 0; i < 1000; i++)
		std::scoped_lock all(second, first);
}

static void mutex() { both(guard_forth, guard_back); }
static void scoped_lock_ok() { both(scoped_forth, scoped_back); }

/* ---- std::shared_mutex ------------------------------------------------------------------------- */

static void read_then_first()
{
	std::shared_lock reader(table);
	std::lock_guard inner(first);
}

static void first_then_write()
{
	later();
	std::lock_guard outer(first);
	std::unique_lock writer(table);
}

static std::shared_mutex other_table;

static void read_forth() { std::shared_lock outer(table), inner(other_table); }

static void read_back()
{
	later();
	std::shared_lock outer(other_table), inner(table);
}

static void read_again()
{
	std::shared_lock outer(table);
	std::shared_lock<std::shared_mutex> inner(table);
}

static void write_table()
{
	later();
	std::unique_lock writer(table);
}

/* std::shared_mutex is glibc's rwlock of its default kind: a waiting writer keeps no reader out. */
static void shared_mutex_again_ok() { both(read_again, write_table); }

static void shared_mutex_again()
{
	pthread_rwlockattr_t attributes;

	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(static_cast<pthread_rwlock_t *>(table.native_handle()), &attributes);
	both(read_again, write_table);
}

static void shared_mutex() { both(read_then_first, first_then_write); }
static void shared_mutex_ok() { both(read_forth, read_back); }

/* ---- std::condition_variable --------------------------------------------------------------------- */

/* wait_for releases `first`, and takes it again while this thread holds `second`. */
static void wait_inside()
{
	std::unique_lock outer(first);
	std::lock_guard inner(second);

	changed.wait_for(outer, 20ms);
}

static void guard_forth_later()
{
	later();
	guard_forth();
}

static void wait_outside()
{
	std::unique_lock outer(first);

	changed.wait_for(outer, 20ms);
	std::lock_guard inner(second);
}

static void condition_variable() { both(wait_inside, guard_forth_later); }
static void condition_variable_ok() { both(wait_outside, guard_forth_later); }

/* ---- threads ----------------------------------------------------------------------------------------- */

static void nothing() {}

/* The thread is never joined; its std::thread is never destroyed, which would end the program. */
static void thread()
{
	new std::thread(nothing);
	await_end_of_others();
}

static void thread_ok() { std::thread(nothing).join(); }

static void lock_first() { std::lock_guard guard(first); }

/* The jthread's destructor joins while `first` is held: the guard's destructor comes later. */
static void jthread()
{
	std::unique_lock guard(first, std::defer_lock);
	std::jthread thread(lock_first);

	await_end_of_others();
	guard.lock();
}

/* The guard's destructor comes before the jthread's. */
static void jthread_ok()
{
	std::jthread thread(lock_first);

	await_end_of_others();
	std::lock_guard guard(first);
}

/* ---- latches and semaphores: futexes ----------------------------------------------------------------- */

static void wait_for_latch() { gone.wait(); }
static void wait_for_item() { items.acquire(); }

static void left_waiting(void (*wait)())
{
	new std::thread(wait);
	await_others(1);
}

static void latch() { left_waiting(wait_for_latch); }

static void latch_ok()
{
	std::thread waiter(wait_for_latch);

	await_others(1);
	gone.count_down();
	waiter.join();
}

static void semaphore() { left_waiting(wait_for_item); }

static void semaphore_ok()
{
	std::thread waiter(wait_for_item);

	await_others(1);
	items.release();
	waiter.join();
}

/* ---- in memory of the program's own ---------------------------------------------------------------- */

struct session {
	std::mutex lock, log;
};

static std::byte *pool;
static session *kept;

static void first_then_kept()
{
	std::lock_guard outer(first);
	std::lock_guard inner(kept->lock);
}

static void kept_then_first()
{
	std::lock_guard outer(kept->lock);
	std::lock_guard inner(first);
}

static void kept_back_and_forth()
{
	later();
	kept_then_first();
	first_then_kept();
}

static void another_back()
{
	later();
	kept->~session();
	kept = new (pool) session;
	kept_then_first();
}

static void in_pool(void (*other)())
{
	pool = new std::byte[8192];
	kept = new (pool) session;
	both(first_then_kept, other);
}

static void placed() { in_pool(kept_back_and_forth); }
static void placed_ok() { in_pool(another_back); }

static void lock_then_log()
{
	std::scoped_lock outer(kept->lock);
	std::scoped_lock inner(kept->log);
}

static void log_then_lock()
{
	later();
	std::unique_lock outer(kept->log);
	std::unique_lock inner(kept->lock);
}

static void members()
{
	kept = new session;
	both(lock_then_log, log_then_lock);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(mutex),
	    SHAPE(scoped_lock_ok),
	    SHAPE(shared_mutex),
	    SHAPE(shared_mutex_ok),
	    SHAPE(shared_mutex_again),
	    SHAPE(shared_mutex_again_ok),
	    SHAPE(condition_variable),
	    SHAPE(condition_variable_ok),
	    SHAPE(thread),
	    SHAPE(thread_ok),
	    SHAPE(jthread),
	    SHAPE(jthread_ok),
	    SHAPE(latch),
	    SHAPE(latch_ok),
	    SHAPE(semaphore),
	    SHAPE(semaphore_ok),
	    SHAPE(placed),
	    SHAPE(placed_ok),
	    SHAPE(members),
	};

	say("lock first %p\nlock second %p\nlock table %p\n", (void *)&first, (void *)&second, (void *)&table);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
