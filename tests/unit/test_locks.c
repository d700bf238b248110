#include <criterion/criterion.h>

#include "tests/harness/event_script.h"
#include "tools/analyse/locks/order_sites.h"

enum { A = 0x1000, B = 0x2000, C = 0x3000 };

static struct script s;

static void begin(void)
{
	script_begin(&s);
	script_main(&s);
	script_create(&s, 1, 500, 2, 0);
}
static void end(void) { script_free(&s); }
TestSuite(locks, .init = begin, .fini = end);

Test(locks, waits_and_holds_are_measured)
{
	const struct lock_result *lock;

	script_lock(&s, 1, 20, A); /* at t */
	script_wait(&s, 2, 21, A); /* t + 1 */
	s.now += 9;
	script_unlock(&s, 1, A);   /* t + 11 */
	script_lock(&s, 2, 21, A); /* t + 12 */
	script_unlock(&s, 2, A);   /* t + 13 */
	script_finish(&s, END_EXIT);
	lock = script_lock_result(&s, A, 0);
	cr_assert_eq(lock->acquisitions, 2);
	cr_assert_eq(lock->contended, 1);
	cr_assert_eq(lock->wait_ticks, 11);
	cr_assert_eq(lock->wait_longest, 11);
	cr_assert_eq(lock->worst_wait_stack, 21);
	cr_assert_eq(lock->hold_ticks, 12);
	cr_assert_eq(lock->hold_longest, 11);
	cr_assert_eq(lock->owner, 0);
	cr_assert_eq(lock->first_stack, 20);
	cr_assert_eq(lock->init_stack, 0);
}

Test(locks, recursion_is_one_hold)
{
	script_lock(&s, 1, 20, A);
	script_lock(&s, 1, 21, A);
	script_unlock(&s, 1, A);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, A, 0)->owner, 1);
	cr_assert_eq(script_lock_result(&s, A, 0)->acquisitions, 2);
	cr_assert_eq(script_lock_result(&s, A, 0)->hold_ticks, 0);
}

Test(locks, failed_unlock_is_undone)
{
	script_lock(&s, 1, 20, A);
	script_unlock(&s, 1, A);
	script_sync(&s, RT_FAILED, 1, 20, RT_KIND_MUTEX, RT_SYNC_UNLOCK, A);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, A, 0)->owner, 1);
	cr_assert_eq(script_lock_result(&s, A, 0)->failed, 0);
}

Test(locks, failed_trylock_is_counted)
{
	script_lock(&s, 1, 20, A);
	script_sync(&s, RT_FAILED, 2, 20, RT_KIND_MUTEX, RT_SYNC_TRY, A);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, A, 0)->failed, 1);
	cr_assert_eq(script_lock_result(&s, A, 0)->contended, 0);
}

Test(locks, many_locks_are_held_at_once)
{
	for (uint64_t i = 0; i < 300; i++)
		script_lock(&s, 1, 20, 0x10000 + i * 64);
	for (uint64_t i = 0; i < 299; i++)
		script_unlock(&s, 1, 0x10000 + i * 64);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, 0x10000 + 298 * 64, 0)->owner, 0);
	cr_assert_eq(script_lock_result(&s, 0x10000 + 299 * 64, 0)->owner, 1);
}

Test(locks, init_and_destroy_make_generations)
{
	script_sync(&s, RT_INIT, 1, 30, RT_KIND_MUTEX, 0, A);
	script_lock(&s, 1, 20, A);
	script_unlock(&s, 1, A);
	script_sync(&s, RT_DESTROY, 1, 31, RT_KIND_MUTEX, 0, A);
	script_sync(&s, RT_INIT, 1, 32, RT_KIND_MUTEX, 0, A);
	script_lock(&s, 1, 20, A);
	script_unlock(&s, 1, A);
	script_sync(&s, RT_INIT, 1, 33, RT_KIND_RWLOCK, 0, A);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, A, 0)->init_stack, 30);
	cr_assert_eq(script_lock_result(&s, A, 0)->acquisitions, 1);
	cr_assert_eq(script_lock_result(&s, A, 1)->init_stack, 32);
	cr_assert_eq(script_lock_result(&s, A, 2)->kind, RT_KIND_RWLOCK);
	cr_assert_null(script_lock_result(&s, A, 3));
}

Test(locks, failed_destroy_is_undone)
{
	script_lock(&s, 1, 20, A);
	script_sync(&s, RT_DESTROY, 2, 31, RT_KIND_MUTEX, 0, A);
	script_sync(&s, RT_FAILED, 2, 31, RT_KIND_MUTEX, 0, A);
	script_unlock(&s, 1, A);
	script_lock(&s, 1, 20, A);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, A, 0)->acquisitions, 2);
	cr_assert_null(script_lock_result(&s, A, 1));
}

Test(locks, freed_block_ends_the_locks_inside)
{
	script_alloc(&s, RT_MALLOC, 1, 40, 0x10000, 100);
	script_lock(&s, 1, 20, 0x10000 + 48);
	script_unlock(&s, 1, 0x10000 + 48);
	script_lock(&s, 1, 20, 0x10000 + 100); /* not inside */
	script_unlock(&s, 1, 0x10000 + 100);
	script_object(&s, RT_FREE, 1, 41, 0x10000);
	script_alloc(&s, RT_MALLOC, 1, 40, 0x20000, 1 << 20);
	script_lock(&s, 1, 20, 0x20000 + 70000);
	script_unlock(&s, 1, 0x20000 + 70000);
	script_object(&s, RT_FREE, 1, 41, 0x20000);
	script_lock(&s, 1, 20, 0x10000 + 48);
	script_lock(&s, 1, 20, 0x10000 + 100);
	script_lock(&s, 1, 20, 0x20000 + 70000);
	script_finish(&s, END_EXIT);
	cr_assert_not_null(script_lock_result(&s, 0x10000 + 48, 1));
	cr_assert_null(script_lock_result(&s, 0x10000 + 100, 1));
	cr_assert_not_null(script_lock_result(&s, 0x20000 + 70000, 1));
}

Test(locks, churning_locks_are_folded)
{
	size_t count;
	const struct lock_result *locks;
	uint64_t acquisitions = 0, folded = 0;

	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t lock = 0x10000 + i % 1000 * 64;

		script_sync(&s, RT_INIT, 1, 30, RT_KIND_MUTEX, 0, lock);
		script_lock(&s, 1, 20, A);
		script_lock(&s, 1, 20, lock);
		script_unlock(&s, 1, lock);
		script_unlock(&s, 1, A);
		script_sync(&s, RT_DESTROY, 1, 31, RT_KIND_MUTEX, 0, lock);
	}
	script_finish(&s, END_EXIT);
	locks = locks_results(s.analysis->locks, &count);
	cr_assert_lt(count, 20000);
	for (size_t i = 0; i < count; i++) {
		acquisitions += locks[i].acquisitions;
		folded += locks[i].folded;
	}
	cr_assert_eq(acquisitions, 200000);
	cr_assert_eq(folded + count, 100001);
}

Test(locks, cond_wait_gives_the_mutex_back)
{
	const struct lock_result *cond;
	struct blocked blocked;

	script_lock(&s, 2, 20, A);
	script_cond(&s, RT_COND_WAIT, 2, 21, C, A);
	script_lock(&s, 1, 22, A);
	script_sync(&s, RT_SIGNAL, 1, 23, RT_KIND_COND, 0, C);
	script_unlock(&s, 1, A);
	script_cond(&s, RT_COND_WAKE, 2, 0, C, A);
	script_unlock(&s, 2, A);
	script_lock(&s, 2, 20, A);
	script_cond(&s, RT_COND_WAIT, 2, 21, C, A);
	script_finish(&s, END_EXIT);
	cond = script_lock_result(&s, C, 0);
	cr_assert_eq(cond->kind, RT_KIND_COND);
	cr_assert_eq(cond->acquisitions, 1);
	cr_assert_eq(cond->contended, 1);
	cr_assert_eq(cond->wait_ticks, 4);
	cr_assert_eq(script_lock_result(&s, A, 0)->owner, 0);
	cr_assert(locks_blocked(s.analysis->locks, 2, &blocked));
	cr_assert_eq(blocked.kind, RT_KIND_COND);
	cr_assert_eq(blocked.object, C);
	cr_assert_eq(blocked.stack, 21);
	cr_assert_eq(blocked.owner, 0);
}

Test(locks, blocked_names_the_owner)
{
	struct blocked blocked;

	script_lock(&s, 1, 20, A);
	script_wait(&s, 2, 21, A);
	script_finish(&s, END_RUNNING);
	cr_assert(locks_blocked(s.analysis->locks, 2, &blocked));
	cr_assert_eq(blocked.owner, 1);
	cr_assert_eq(blocked.kind, RT_KIND_MUTEX);
	cr_assert_not(locks_blocked(s.analysis->locks, 1, &blocked));
	cr_assert_not(locks_blocked(s.analysis->locks, 77, &blocked));
}

Test(locks, semaphores_have_no_owner)
{
	script_sync(&s, RT_ACQUIRE, 1, 20, RT_KIND_SEM, 0, A);
	script_sync(&s, RT_ACQUIRE, 2, 20, RT_KIND_SEM, 0, A);
	script_sync(&s, RT_RELEASE, 2, 20, RT_KIND_SEM, 0, A);
	script_lock(&s, 1, 20, B);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, A, 0)->owner, 0);
	cr_assert_eq(script_lock_result(&s, A, 0)->acquisitions, 2);
}

Test(locks, another_threads_unlock_is_believed)
{
	script_lock(&s, 1, 20, A);
	script_unlock(&s, 2, A);
	script_lock(&s, 1, 20, B);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, A, 0)->owner, 0);
}

Test(locks, a_loss_forgets_what_was_held)
{
	script_lock(&s, 1, 20, A);
	script_loss(&s, 1, 3);
	script_unlock(&s, 1, B);
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_lock_result(&s, A, 0)->owner, 0);
}

Test(locks, hostile_events_are_survived)
{
	unsigned seed = 7;

	for (int i = 0; i < 300000; i++) {
		struct event event = {.type = (uint8_t)(rand_r(&seed) % 80),
		                      .kind = (uint8_t)(rand_r(&seed) % 16),
		                      .flags = (uint8_t)(rand_r(&seed) % 16),
		                      .thread = (uint32_t)rand_r(&seed) % 9,
		                      .stack = (uint32_t)rand_r(&seed) % 64,
		                      .aux = (uint16_t)(rand_r(&seed) % 3),
		                      .object = (uint64_t)rand_r(&seed) % 24 * 16,
		                      .arg = (uint64_t)rand_r(&seed) % 12 * 16,
		                      .size = (uint64_t)rand_r(&seed) % 200,
		                      .result = (uint8_t)(rand_r(&seed) % 3)};

		script_event(&s, event);
	}
	script_finish(&s, END_RUNNING);
}

/* ---- contention ------------------------------------------------------------------------ */

static const struct wait_site *wait_at(uint32_t stack, uint32_t holder_stack)
{
	size_t count;
	const struct wait_site *waits = locks_waits(s.analysis->locks, &count);

	for (size_t i = 0; i < count; i++)
		if (waits[i].stack == stack && waits[i].holder_stack == holder_stack)
			return &waits[i];
	return NULL;
}

static const struct hold_site *hold_at(uint32_t stack)
{
	size_t count;
	const struct hold_site *holds = locks_holds(s.analysis->locks, &count);

	for (size_t i = 0; i < count; i++)
		if (holds[i].stack == stack)
			return &holds[i];
	return NULL;
}

/* thread 1 holds it at stack 20 for `ticks` while thread 2 waits at stack 21. */
static void contend(uint64_t mutex, uint64_t ticks)
{
	script_lock(&s, 1, 20, mutex);
	script_wait(&s, 2, 21, mutex);
	s.now += ticks - 2;
	script_unlock(&s, 1, mutex);
	script_lock(&s, 2, 21, mutex); /* ticks after its wait began */
	script_unlock(&s, 2, mutex);
}

Test(locks, instances_made_at_one_place_are_one_class)
{
	const struct lock_class_result *classes;
	const struct wait_site *site;
	size_t count;

	for (uint64_t i = 0; i < 1000; i++) {
		script_sync(&s, RT_INIT, 1, 30, RT_KIND_MUTEX, 0, A + i * 64);
		contend(A + i * 64, i == 500 ? 50 : 10);
	}
	script_finish(&s, END_EXIT);
	classes = locks_classes(s.analysis->locks, &count);
	cr_assert_eq(count, 1);
	cr_assert_eq(classes->sum.folded, 1000);
	cr_assert_eq(classes->sum.contended, 1000);
	cr_assert_eq(classes->sum.acquisitions, 2000);
	cr_assert_eq(classes->sum.init_stack, 30);
	cr_assert(classes->initialised);
	locks_waits(s.analysis->locks, &count);
	cr_assert_eq(count, 1);
	site = wait_at(21, 20);
	cr_assert(site);
	cr_assert_eq(site->waits, 1000);
	cr_assert_eq(site->ticks, 10040);
	cr_assert_eq(site->longest, 50);
	cr_assert_eq(site->address, A + 500 * 64);
	cr_assert_eq(site->thread, 2);
	cr_assert_eq(site->holder, 1);
	cr_assert_eq(hold_at(20)->holds, 1000);
	cr_assert_eq(hold_at(20)->longest, 50);
	cr_assert_eq(script_count(&s, "contention", "mutex"), 1);
	cr_assert_eq(script_finding(&s, "contention", "mutex", 0)->times, 1000);
}

/* The holder's acquisition is stamped after it has the lock, and so possibly after another thread's wait. */
Test(locks, a_holder_whose_record_comes_after_the_wait)
{
	script_lock(&s, 2, 19, A);
	script_unlock(&s, 2, A);
	script_wait(&s, 2, 21, A);
	script_lock(&s, 1, 20, A);
	script_unlock(&s, 1, A);
	script_lock(&s, 2, 21, A);
	script_finish(&s, END_EXIT);
	cr_assert(wait_at(21, 20));
	cr_assert_eq(wait_at(21, 20)->holder, 1);
}

Test(locks, a_wait_that_never_ends_counts)
{
	script_lock(&s, 1, 20, A);
	script_wait(&s, 2, 21, A);
	s.now += 100;
	script_finish(&s, END_SIGNAL);
	cr_assert_eq(wait_at(21, 20)->waits, 1);
	cr_assert_eq(wait_at(21, 20)->ticks, 101);
	cr_assert_eq(script_lock_result(&s, A, 0)->contended, 1);
}

Test(locks, who_signalled_is_waited_for)
{
	script_lock(&s, 2, 21, A);
	script_cond(&s, RT_COND_WAIT, 2, 22, C, A);
	script_object(&s, RT_SIGNAL, 1, 23, 0); /* of nothing */
	script_cond(&s, RT_SIGNAL, 1, 24, C, 0);
	script_cond(&s, RT_COND_WAKE, 2, 22, C, A);
	script_finish(&s, END_EXIT);
	cr_assert(wait_at(22, 24));
	cr_assert_eq(wait_at(22, 24)->holder, 1);
}

/* The signal came before: no thread is known to have ended this wait. */
Test(locks, a_signal_of_before_ended_no_wait)
{
	script_cond(&s, RT_SIGNAL, 1, 24, C, 0);
	script_lock(&s, 2, 21, A);
	script_cond(&s, RT_COND_WAIT, 2, 22, C, A);
	script_cond(&s, RT_COND_WAKE, 2, 22, C, A);
	script_finish(&s, END_EXIT);
	cr_assert(wait_at(22, RT_STACK_NONE));
	cr_assert_eq(wait_at(22, RT_STACK_NONE)->holder, 0);
}

/* Waits of a thousandth of the process's life or longer make a finding. */
Test(locks, short_waits_are_counted_and_not_told)
{
	contend(A, 3);
	s.now += 100000;
	script_finish(&s, END_EXIT);
	cr_assert_eq(wait_at(21, 20)->waits, 1);
	cr_assert_eq(script_count(&s, "contention", NULL), 0);
}

static void nested(uint32_t thread, uint64_t outer, uint32_t outer_stack, uint64_t inner, uint32_t inner_stack)
{
	script_lock(&s, thread, outer_stack, outer);
	script_lock(&s, thread, inner_stack, inner);
	script_unlock(&s, thread, inner);
	script_unlock(&s, thread, outer);
}

/* A and B are of one class, C of another: by where they are first used. */
Test(locks, orders_are_told_by_class_and_place)
{
	const struct order_site *sites;
	size_t count;

	nested(1, A, 20, C, 30);
	nested(1, B, 20, C, 30);
	nested(2, A, 20, C, 31);
	nested(2, C, 30, A, 21);
	nested(2, A, 20, C, 30);
	script_finish(&s, END_EXIT);
	sites = locks_orders(s.analysis->locks, &count);
	cr_assert_eq(count, 3);
	cr_expect(sites[0].held_stack == 20 && sites[0].wanted_stack == 30 && sites[0].pairs == 2 &&
	          sites[0].thread == 1);
	cr_expect(sites[1].held_stack == 30 && sites[1].wanted_stack == 21 && sites[1].pairs == 1 &&
	          sites[1].thread == 2);
	cr_expect(sites[2].held_stack == 20 && sites[2].wanted_stack == 31 && sites[2].rank == 1,
	          "its classes were there");
	cr_expect(sites[0].held_class == script_lock_result(&s, B, 0)->class &&
	          sites[0].wanted_class == script_lock_result(&s, C, 0)->class);
	cr_expect_lt(sites[0].at, sites[1].at);
}
