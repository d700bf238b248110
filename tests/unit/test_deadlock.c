#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "tests/harness/event_script.h"
#include "tools/analyse/locks/fork_locks.h"
#include "tools/analyse/locks/locks.h"

enum { A = 0x1000, B = 0x2000, C = 0x3000, GATE = 0x9000 };

static struct script s;

static void begin(void)
{
	script_begin(&s);
	script_main(&s);
	script_create(&s, 1, 500, 2, 0);
	script_create(&s, 1, 500, 3, 0);
	script_create(&s, 1, 500, 4, 0);
}
static void end(void) { script_free(&s); }
TestSuite(deadlock, .init = begin, .fini = end);

/* Takes first, then second, and releases both; the stacks differ by thread and place. */
static void nest(uint32_t thread, uint64_t first, uint64_t second)
{
	script_lock(&s, thread, 100 + thread * 10, first);
	script_lock(&s, thread, 101 + thread * 10, second);
	script_unlock(&s, thread, second);
	script_unlock(&s, thread, first);
}

static void expect(size_t realised, size_t predicted, size_t inversions)
{
	cr_expect_eq(script_count(&s, "deadlock", "realised"), realised);
	cr_expect_eq(script_count(&s, "deadlock", "predicted"), predicted);
	cr_expect_eq(script_count(&s, "deadlock", "inversion"), inversions);
}

/* ---- memory that the program divides ---------------------------------------------------------------------- */

enum { POOL = 0x100000, IN_POOL = POOL + 0x800 };

static void pool(uint64_t bytes) { script_alloc(&s, RT_MALLOC, 1, 20, POOL, bytes); }

Test(deadlock, other_code_over_divided_memory_proves_nothing)
{
	pool(8192);
	nest(2, A, IN_POOL);
	nest(3, IN_POOL, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, code_that_comes_again_proves_one_lock)
{
	pool(8192);
	nest(2, A, IN_POOL);
	nest(3, IN_POOL, A);
	nest(2, A, IN_POOL);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

/* From one function to the next: each takes it before and after the other comes. */
Test(deadlock, code_that_overlaps_proves_one_lock)
{
	pool(8192);
	nest(2, A, IN_POOL);
	script_lock(&s, 4, 700, IN_POOL);
	script_unlock(&s, 4, IN_POOL);
	nest(2, A, IN_POOL);
	nest(3, IN_POOL, A);
	script_lock(&s, 4, 700, IN_POOL);
	script_unlock(&s, 4, IN_POOL);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

static void take_from(uint32_t stack, uint32_t until)
{
	for (; stack < until; stack++) {
		script_lock(&s, 4, stack, IN_POOL);
		script_unlock(&s, 4, IN_POOL);
	}
}

/* More call stacks than are kept apart: those that are not count as one code. */
Test(deadlock, much_code_proves_one_lock)
{
	pool(8192);
	nest(2, A, IN_POOL);
	take_from(700, 720);
	nest(2, A, IN_POOL);
	nest(3, IN_POOL, A);
	take_from(720, 730);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

Test(deadlock, small_blocks_are_not_divided)
{
	pool(4095);
	nest(2, A, IN_POOL);
	nest(3, IN_POOL, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

Test(deadlock, initialised_locks_are_one_in_divided_memory)
{
	pool(8192);
	script_sync(&s, RT_INIT, 1, 30, RT_KIND_MUTEX, 0, IN_POOL);
	nest(2, A, IN_POOL);
	nest(3, IN_POOL, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

static uint64_t code_by_tens(void *context, uint32_t stack) { return stack / 10 * 10; }

Test(deadlock, stacks_of_one_function_are_of_one_code)
{
	static const struct code_source by_tens = {code_by_tens, NULL};

	analysis_know_code(s.analysis, &by_tens);
	pool(8192);
	script_lock(&s, 2, 120, A);
	script_lock(&s, 2, 131, IN_POOL);
	script_unlock(&s, 2, IN_POOL);
	script_unlock(&s, 2, A);
	nest(3, IN_POOL, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

static void join_after(uint32_t stack)
{
	pool(8192);
	script_lock(&s, 2, stack, IN_POOL);
	script_unlock(&s, 2, IN_POOL);
	script_lock(&s, 1, 700, IN_POOL);
	script_end(&s, 2);
	script_join(&s, 1, 701, 2);
	script_unlock(&s, 1, IN_POOL);
	script_finish(&s, END_EXIT);
}

Test(deadlock, join_under_another_lock_of_divided_memory)
{
	join_after(120);
	expect(0, 0, 0);
}

Test(deadlock, join_under_the_lock_of_divided_memory)
{
	join_after(700);
	expect(0, 1, 0);
}

/* ---- locks that overlap ------------------------------------------------------------------------------------- */

static void expect_between(unsigned kind, uint64_t between, size_t predicted)
{
	nest(2, A, B);
	script_sync(&s, RT_ACQUIRE, 4, 700, kind, 0, between);
	script_sync(&s, RT_RELEASE, 4, 701, kind, 0, between);
	nest(3, B, A);
	script_finish(&s, END_EXIT);
	expect(0, predicted, 0);
}

Test(deadlock, a_lock_over_its_end_is_another_lock) { expect_between(RT_KIND_MUTEX, B + 32, 0); }
Test(deadlock, a_lock_over_its_start_is_another_lock) { expect_between(RT_KIND_RWLOCK, B - 48, 0); }
Test(deadlock, a_lock_behind_it_is_none) { expect_between(RT_KIND_MUTEX, B + 40, 1); }
Test(deadlock, a_lock_before_it_is_none) { expect_between(RT_KIND_MUTEX, B - 40, 1); }
Test(deadlock, a_futex_within_it_is_none) { expect_between(RT_KIND_FUTEX, B + 4, 1); }

Test(deadlock, abba_is_predicted)
{
	const struct finding *finding;

	nest(2, A, B);
	nest(3, B, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	finding = script_finding(&s, "deadlock", "predicted", 0);
	cr_assert_eq(finding->edge_count, 2);
	cr_assert_eq(finding->thread_count, 2);
	cr_assert_eq(finding->object_count, 2);
	cr_assert_eq(finding->edges[0].thread, 2);
	cr_assert_eq(finding->edges[0].held.address, A);
	cr_assert_eq(finding->edges[0].wanted.address, B);
	cr_assert_eq(finding->edges[0].held_stack, 120);
	cr_assert_eq(finding->edges[0].wanted_stack, 121);
	cr_assert_eq(finding->edges[1].thread, 3);
	cr_assert_eq(finding->edges[1].held.address, B);
	cr_assert_eq(finding->edges[1].held_stack, 130);
	cr_assert_eq(finding->edges[1].wanted_stack, 131);
	cr_assert_lt(finding->edges[0].held_since, finding->edges[0].wanted_at);
}

Test(deadlock, one_order_is_fine)
{
	nest(2, A, B);
	nest(3, A, B);
	nest(4, B, C);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
}

Test(deadlock, three_locks_make_a_ring)
{
	nest(2, A, B);
	nest(3, B, C);
	nest(4, C, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	cr_assert_eq(script_finding(&s, "deadlock", NULL, 0)->edge_count, 3);
}

/* Hashes tell which acquisitions were seen before: many from one call, repeated, must not hide a new one. */
Test(deadlock, one_lock_under_ten_thousand_others)
{
	enum { OTHERS = 10000, LAST = 0x100000 + (OTHERS - 1) * 0x40 };

	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < OTHERS - (round == 0); i++)
			nest(2, 0x100000 + i * 0x40, GATE);
	for (unsigned i = 0; i < 3; i++)
		nest(3, GATE, LAST);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

Test(deadlock, ring_of_a_hundred)
{
	for (uint32_t i = 0; i < 100; i++) {
		script_create(&s, 1, 500, 10 + i, 0);
		nest(10 + i, 0x10000 + i * 64, 0x10000 + (i + 1) % 100 * 64);
	}
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	cr_assert_eq(script_finding(&s, "deadlock", NULL, 0)->edge_count, 100);
}

Test(deadlock, one_thread_is_an_inversion)
{
	nest(2, A, B);
	nest(2, B, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, two_threads_do_not_make_a_ring_of_three)
{
	nest(2, A, B);
	nest(3, B, C);
	nest(2, C, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, gate_lock_makes_an_inversion)
{
	script_lock(&s, 2, 110, GATE);
	nest(2, A, B);
	script_unlock(&s, 2, GATE);
	script_lock(&s, 3, 111, GATE);
	nest(3, B, A);
	script_unlock(&s, 3, GATE);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, gate_read_locked_by_both_does_not_protect)
{
	script_sync(&s, RT_ACQUIRE, 2, 110, RT_KIND_RWLOCK, RT_SYNC_SHARED, GATE);
	nest(2, A, B);
	script_sync(&s, RT_RELEASE, 2, 110, RT_KIND_RWLOCK, 0, GATE);
	script_sync(&s, RT_ACQUIRE, 3, 111, RT_KIND_RWLOCK, RT_SYNC_SHARED, GATE);
	nest(3, B, A);
	script_sync(&s, RT_RELEASE, 3, 111, RT_KIND_RWLOCK, 0, GATE);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

Test(deadlock, gate_of_one_only_does_not_protect)
{
	script_lock(&s, 2, 110, GATE);
	nest(2, A, B);
	script_unlock(&s, 2, GATE);
	nest(3, B, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

static void read_nest(uint32_t thread, uint64_t first, uint64_t second)
{
	script_sync(&s, RT_ACQUIRE, thread, 100 + thread * 10, RT_KIND_RWLOCK, RT_SYNC_SHARED, first);
	script_sync(&s, RT_ACQUIRE, thread, 101 + thread * 10, RT_KIND_RWLOCK, RT_SYNC_SHARED, second);
	script_sync(&s, RT_RELEASE, thread, 0, RT_KIND_RWLOCK, 0, second);
	script_sync(&s, RT_RELEASE, thread, 0, RT_KIND_RWLOCK, 0, first);
}

Test(deadlock, readers_do_not_block_each_other)
{
	read_nest(2, A, B);
	read_nest(3, B, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, readers_and_writers_do)
{
	const struct finding *finding;

	read_nest(2, A, B);
	script_sync(&s, RT_ACQUIRE, 3, 130, RT_KIND_RWLOCK, 0, B);
	script_sync(&s, RT_ACQUIRE, 3, 131, RT_KIND_RWLOCK, 0, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	finding = script_finding(&s, "deadlock", NULL, 0);
	cr_assert(finding->edges[0].held_shared && finding->edges[0].wanted_shared);
	cr_assert(!finding->edges[1].held_shared && !finding->edges[1].wanted_shared);
}

Test(deadlock, trylock_adds_no_order)
{
	nest(2, A, B);
	script_lock(&s, 3, 130, B);
	script_sync(&s, RT_ACQUIRE, 3, 131, RT_KIND_MUTEX, RT_SYNC_TRY, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
}

Test(deadlock, a_lock_taken_by_trylock_is_held)
{
	nest(2, A, B);
	script_sync(&s, RT_ACQUIRE, 3, 130, RT_KIND_MUTEX, RT_SYNC_TRY, B);
	script_lock(&s, 3, 131, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

Test(deadlock, recursion_adds_no_order)
{
	script_lock(&s, 2, 120, A);
	script_lock(&s, 2, 121, B);
	script_lock(&s, 2, 122, A); /* the thread has the lock: it cannot block */
	script_unlock(&s, 2, A);
	script_unlock(&s, 2, B);
	script_unlock(&s, 2, A);
	nest(3, A, B);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
}

Test(deadlock, join_orders_threads)
{
	nest(2, A, B);
	script_end(&s, 2);
	script_join(&s, 1, 600, 2);
	nest(1, B, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, create_orders_threads)
{
	nest(1, A, B);
	script_create(&s, 1, 500, 5, 0);
	nest(5, B, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, order_passes_through_other_threads)
{
	script_create(&s, 1, 500, 5, 0);
	nest(5, A, B);
	script_end(&s, 5);
	script_join(&s, 2, 600, 5);
	script_create(&s, 2, 501, 6, 0);
	nest(6, B, A);
	nest(4, C, A); /* unrelated */
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, an_unordered_repetition_is_found_behind_ordered_ones)
{
	nest(1, A, B);
	script_create(&s, 1, 500, 5, 0);
	nest(5, B, A);
	nest(1, A, B); /* now beside thread 5 */
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

Test(deadlock, pthread_t_is_reused_before_the_join_is_recorded)
{
	script_join_wait(&s, 1, 600, 2);
	nest(2, A, B);
	script_end(&s, 2);
	/* thread 7 gets the pthread_t of thread 2 */
	script_event(&s, (struct event){.type = RT_THREAD_CREATE, .thread = 3, .stack = 500, .arg = 7});
	script_event(&s, (struct event){.type = RT_THREAD_BEGIN, .thread = 7, .object = PTHREAD(2), .arg = 7});
	script_object(&s, RT_JOINED, 1, 600, PTHREAD(2));
	nest(1, B, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

static void lock_of_dead_owner(uint32_t thread, uint32_t stack, uint64_t mutex)
{
	script_event(&s, (struct event){.type = RT_ACQUIRE,
	                                .thread = thread,
	                                .stack = stack,
	                                .kind = RT_KIND_MUTEX,
	                                .result = EOWNERDEAD,
	                                .object = mutex});
}

Test(deadlock, eownerdead_orders_threads)
{
	script_lock(&s, 2, 120, GATE);
	nest(2, A, B);
	script_end(&s, 2);
	lock_of_dead_owner(3, 130, GATE);
	nest(3, B, A);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
}

Test(deadlock, what_came_before_eownerdead_is_not_ordered)
{
	script_lock(&s, 2, 120, GATE);
	nest(2, A, B);
	script_end(&s, 2);
	nest(3, B, A);
	lock_of_dead_owner(3, 130, GATE);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

Test(deadlock, cond_wait_locks_again)
{
	script_lock(&s, 2, 120, A);
	script_lock(&s, 2, 121, B);
	script_cond(&s, RT_COND_WAIT, 2, 122, C, A);
	script_cond(&s, RT_COND_WAKE, 2, 0, C, A); /* wants A while holding B */
	script_unlock(&s, 2, A);
	script_unlock(&s, 2, B);
	nest(3, A, B);
	script_finish(&s, END_EXIT);
	expect(0, 1, 1); /* thread 2 alone has both orders as well */
	cr_assert_eq(script_finding(&s, "deadlock", "predicted", 0)->thread_count, 2);
}

Test(deadlock, destroyed_lock_at_a_reused_address)
{
	nest(2, A, B);
	script_sync(&s, RT_DESTROY, 2, 700, RT_KIND_MUTEX, 0, A);
	nest(3, B, A); /* another lock */
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
}

Test(deadlock, freed_lock_at_a_reused_address)
{
	script_alloc(&s, RT_MALLOC, 2, 40, A, 64);
	nest(2, A + 16, B);
	script_object(&s, RT_FREE, 2, 41, A);
	script_alloc(&s, RT_MALLOC, 3, 40, A, 64);
	nest(3, B, A + 16);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
}

Test(deadlock, a_thousand_instances_make_one_finding)
{
	const struct finding *finding;

	for (uint64_t i = 0; i < 1000; i++) {
		nest(2, A + i * 0x10000, B + i * 0x10000);
		nest(3, B + i * 0x10000, A + i * 0x10000);
	}
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	finding = script_finding(&s, "deadlock", NULL, 0);
	cr_assert_eq(finding->times, 1000);
}

/* Each of 40 threads takes its own lock and then each other: 780 pairs can deadlock, and all longer rings are made of
 * the same. */
Test(deadlock, longer_cycles_of_what_is_told_are_not_told)
{
	enum { LOCKS = 40 };

	for (uint32_t t = 0; t < LOCKS; t++) {
		script_create(&s, 1, 500, 10 + t, 0);
		for (uint32_t i = 0; i < LOCKS; i++)
			if (i != t)
				nest(10 + t, 0x10000 + t * 64, 0x10000 + i * 64);
	}
	script_finish(&s, END_EXIT);
	cr_assert_eq(script_count(&s, "deadlock", "predicted"), LOCKS * (LOCKS - 1) / 2);
	cr_assert_eq(script_count(&s, "loss", NULL), 0);
}

/* A ring of three of which one part is in a shorter cycle, and two are not. */
Test(deadlock, a_longer_cycle_with_a_part_of_its_own_is_told)
{
	nest(2, A, B);
	nest(3, B, A);
	script_create(&s, 1, 500, 5, 0);
	nest(4, B, C);
	nest(5, C, A);
	script_finish(&s, END_EXIT);
	expect(0, 2, 0);
}

/* first then second, by the code at stacks place and place + 1. */
static void nest_at(uint32_t thread, uint32_t place, uint64_t first, uint64_t second)
{
	script_lock(&s, thread, place, first);
	script_lock(&s, thread, place + 1, second);
	script_unlock(&s, thread, second);
	script_unlock(&s, thread, first);
}

/* Two pieces of code that take any two of many locks in any order: each can deadlock with itself, and is told once. */
Test(deadlock, code_that_deadlocks_with_itself_is_told_once)
{
	for (uint64_t i = 0; i < 30; i++)
		for (uint64_t j = 0; j < 30; j++) {
			if (i == j)
				continue;
			nest_at(2 + (2 * i + j) % 3, 200, A + i * 64, A + j * 64);
			nest_at(2 + (i + 2 * j) % 3, 300, A + i * 64, A + j * 64);
		}
	script_finish(&s, END_EXIT);
	expect(0, 2, 0);
	cr_assert_eq(script_count(&s, "loss", NULL), 0);
}

/* Five layers of twelve locks, each of which is taken before any of the next layer: 248,832 rings of five. */
Test(deadlock, too_many_cycles_are_said)
{
	enum { LAYERS = 5, WIDTH = 12, LOCKS = LAYERS * WIDTH };

	for (uint32_t t = 0; t < LOCKS; t++) {
		script_create(&s, 1, 500, 10 + t, 0);
		for (uint32_t i = 0; i < WIDTH; i++)
			nest(10 + t, 0x10000 + t * 64, 0x10000 + ((t / WIDTH + 1) % LAYERS * WIDTH + i) * 64);
	}
	script_finish(&s, END_EXIT);
	cr_assert_geq(script_count(&s, "deadlock", "predicted"), 500);
	cr_assert_eq(script_count(&s, "loss", "lock-order"), 1);
}

Test(deadlock, abba_is_realised)
{
	const struct finding *finding;

	script_lock(&s, 2, 120, A);
	script_lock(&s, 3, 130, B);
	script_wait(&s, 2, 121, B);
	script_wait(&s, 3, 131, A);
	script_join_wait(&s, 1, 600, 2);
	script_finish(&s, END_RUNNING);
	expect(1, 0, 0);
	finding = script_finding(&s, "deadlock", "realised", 0);
	cr_assert_eq(finding->edge_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct finding_edge *edge = &finding->edges[i], *next = &finding->edges[(i + 1) % 2];

		cr_assert_eq(edge->wanted.address, next->held.address);
		cr_assert_eq(edge->held_stack, 100 + edge->thread * 10);
		cr_assert_eq(edge->wanted_stack, 101 + edge->thread * 10);
		cr_assert_lt(edge->held_since, edge->wanted_at);
	}
}

Test(deadlock, self_deadlock_is_realised)
{
	script_lock(&s, 2, 120, A);
	script_wait(&s, 2, 121, A);
	script_finish(&s, END_SIGNAL);
	expect(1, 0, 0);
	cr_assert_eq(script_finding(&s, "deadlock", NULL, 0)->edge_count, 1);
	cr_assert_eq(script_finding(&s, "deadlock", NULL, 0)->edges[0].held_stack, 120);
}

Test(deadlock, three_threads_in_a_ring_are_realised)
{
	script_lock(&s, 2, 120, A);
	script_lock(&s, 3, 130, B);
	script_lock(&s, 4, 140, C);
	script_wait(&s, 2, 121, B);
	script_wait(&s, 3, 131, C);
	script_wait(&s, 4, 141, A);
	script_finish(&s, END_EXIT);
	expect(1, 0, 0);
	cr_assert_eq(script_finding(&s, "deadlock", NULL, 0)->edge_count, 3);
}

Test(deadlock, join_and_lock_deadlock)
{
	script_lock(&s, 1, 110, A);
	script_wait(&s, 2, 121, A);
	script_join_wait(&s, 1, 600, 2);
	script_finish(&s, END_RUNNING);
	expect(1, 0, 0);
}

Test(deadlock, writer_waits_for_reader_who_waits_for_writers_lock)
{
	script_sync(&s, RT_ACQUIRE, 2, 120, RT_KIND_RWLOCK, RT_SYNC_SHARED, A);
	script_sync(&s, RT_ACQUIRE, 4, 140, RT_KIND_RWLOCK, RT_SYNC_SHARED, A);
	script_lock(&s, 3, 130, B);
	script_sync(&s, RT_WAIT, 3, 131, RT_KIND_RWLOCK, 0, A);
	script_wait(&s, 2, 121, B);
	script_finish(&s, END_RUNNING);
	expect(1, 0, 0);
}

Test(deadlock, ordinary_waiting_is_none)
{
	script_lock(&s, 2, 120, A);
	script_wait(&s, 3, 131, A);
	script_join_wait(&s, 1, 600, 3);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
}

Test(deadlock, waits_with_a_time_out_end)
{
	script_lock(&s, 2, 120, A);
	script_lock(&s, 3, 130, B);
	script_sync(&s, RT_WAIT, 2, 121, RT_KIND_MUTEX, RT_SYNC_TIMED, B);
	script_wait(&s, 3, 131, A);
	script_finish(&s, END_RUNNING);
	expect(0, 1, 0);
}

/* ---- readers behind a writer ------------------------------------------------------------------ */

static void wait_to_write(uint32_t thread, uint32_t stack, uint64_t lock)
{
	script_sync(&s, RT_WAIT, thread, stack, RT_KIND_RWLOCK, 0, lock);
}

static void read_lock(uint32_t thread, uint32_t stack, uint64_t lock)
{
	script_sync(&s, RT_ACQUIRE, thread, stack, RT_KIND_RWLOCK, RT_SYNC_SHARED, lock);
}

static void rwlock_event(unsigned type, uint32_t thread, uint32_t stack, unsigned flags, uint64_t lock)
{
	script_event(&s, (struct event){.type = type,
	                                .thread = thread,
	                                .stack = stack,
	                                .kind = RT_KIND_RWLOCK,
	                                .flags = flags,
	                                .result = RT_RWLOCK_WRITERS_FIRST,
	                                .object = lock});
}

static void release(uint32_t thread, uint64_t lock) { script_sync(&s, RT_RELEASE, thread, 0, RT_KIND_RWLOCK, 0, lock); }

static void write_once(uint32_t thread, uint32_t stack, uint64_t lock)
{
	rwlock_event(RT_ACQUIRE, thread, stack, 0, lock);
	release(thread, lock);
}

static void read_twice(uint32_t thread, uint64_t lock)
{
	rwlock_event(RT_ACQUIRE, thread, 100 + thread * 10, RT_SYNC_SHARED, lock);
	rwlock_event(RT_ACQUIRE, thread, 101 + thread * 10, RT_SYNC_SHARED, lock);
	release(thread, lock);
	release(thread, lock);
}

Test(deadlock, a_second_read_lock_behind_a_writer_is_predicted)
{
	const struct finding *finding;

	read_twice(2, A);
	write_once(3, 130, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	finding = script_finding(&s, "deadlock", "predicted", 0);
	cr_assert_eq(finding->edge_count, 2);
	cr_expect_not(finding->edges[0].ahead);
	cr_expect(finding->edges[1].ahead);
	cr_expect_eq(finding->edges[1].thread, 3);
	cr_expect_eq(finding->thread_count, 2);
}

Test(deadlock, the_writer_may_come_first)
{
	write_once(3, 130, A);
	read_twice(2, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

Test(deadlock, the_kind_is_known_from_the_initialisation)
{
	script_event(&s, (struct event){.type = RT_INIT,
	                                .thread = 1,
	                                .stack = 110,
	                                .kind = RT_KIND_RWLOCK,
	                                .object = A,
	                                .arg = PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP});
	read_lock(2, 120, A);
	read_lock(2, 121, A);
	release(2, A);
	release(2, A);
	write_once(3, 130, A);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
}

/* Ten thousand locks that end.  Every second one is also read twice: it is kept, as a cycle passes through it. */
Test(deadlock, ended_locks_with_readers_and_writers_are_kept)
{
	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t lock = A + i * 64;

		write_once(3, 130, lock);
		if (i % 2)
			read_twice(2, lock);
		script_sync(&s, RT_DESTROY, 2, 140, RT_KIND_RWLOCK, 0, lock);
	}
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	cr_expect_eq(script_finding(&s, "deadlock", "predicted", 0)->times, 5000);
}

Test(deadlock, a_second_read_lock_behind_a_writer_is_realised)
{
	rwlock_event(RT_ACQUIRE, 2, 120, RT_SYNC_SHARED, A);
	rwlock_event(RT_WAIT, 3, 130, 0, A);
	rwlock_event(RT_WAIT, 2, 121, RT_SYNC_SHARED, A);
	script_finish(&s, END_RUNNING);
	expect(1, 0, 0);
}

Test(deadlock, readers_pass_a_writer_elsewhere)
{
	read_lock(2, 120, A);
	wait_to_write(3, 130, A);
	script_sync(&s, RT_WAIT, 2, 121, RT_KIND_RWLOCK, RT_SYNC_SHARED, A);
	script_finish(&s, END_RUNNING);
	expect(0, 0, 0);
}

/* ---- locks that were held at a fork ------------------------------------------------------------- */

static struct fork_locks *forked(uint32_t thread, size_t *count)
{
	script_event(&s, (struct event){.type = RT_FORK, .thread = thread, .stack = 700, .object = 4711, .aux = 1});
	return locks_take_forks(s.analysis->locks, count);
}

static void forking(uint32_t thread)
{
	script_event(&s, (struct event){.type = RT_FORKING, .thread = thread, .stack = 700});
}

static void forks_free(struct fork_locks *forks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fork_locks_free(&forks[i]);
	free(forks);
}

Test(deadlock, what_is_held_at_a_fork_is_noted)
{
	size_t count;

	script_lock(&s, 2, 120, A);
	script_lock(&s, 3, 130, B);
	forking(3);
	struct fork_locks *forks = forked(3, &count);
	cr_assert_eq(count, 1);
	cr_assert_eq(forks[0].count, 2);
	cr_expect_eq(forks[0].child, 4711);
	cr_expect_eq(forks[0].stack, 700);
	cr_expect_eq(forks[0].locks[0].address, A);
	cr_expect_eq(forks[0].locks[0].stack, 120);
	cr_expect_not(forks[0].locks[0].by_forker);
	cr_expect(forks[0].locks[1].by_forker);
	forks_free(forks, count);
}

/* The unlock may have come before the fork, or after it. */
Test(deadlock, what_changes_during_a_fork_is_not_noted)
{
	size_t count;

	script_lock(&s, 2, 120, A);
	script_lock(&s, 2, 121, B);
	forking(3);
	script_unlock(&s, 2, A);
	script_lock(&s, 4, 140, C);
	struct fork_locks *forks = forked(3, &count);
	cr_assert_eq(count, 1);
	cr_assert_eq(forks[0].count, 1);
	cr_expect_eq(forks[0].locks[0].address, B);
	forks_free(forks, count);
}

Test(deadlock, a_fork_without_locks_is_not_noted)
{
	size_t count;

	script_lock(&s, 2, 120, A);
	script_unlock(&s, 2, A);
	forking(3);
	cr_expect_null(forked(3, &count));
	cr_expect_eq(count, 0);
}

/* ---- one hang, one finding ---------------------------------------------------------------- */

Test(deadlock, two_cycles_through_one_thread_are_one_hang)
{
	read_lock(2, 120, A);
	read_lock(4, 140, A);
	script_lock(&s, 3, 130, B);
	wait_to_write(3, 131, A);
	script_wait(&s, 2, 121, B);
	script_wait(&s, 4, 141, B);
	script_finish(&s, END_RUNNING);
	expect(1, 0, 0);
}

Test(deadlock, two_separate_cycles_are_two_hangs)
{
	script_create(&s, 1, 500, 5, 0);
	script_lock(&s, 2, 120, A);
	script_lock(&s, 3, 130, B);
	script_lock(&s, 4, 140, C);
	script_lock(&s, 5, 150, GATE);
	script_wait(&s, 2, 121, B);
	script_wait(&s, 3, 131, A);
	script_wait(&s, 4, 141, GATE);
	script_wait(&s, 5, 151, C);
	script_finish(&s, END_RUNNING);
	expect(2, 0, 0);
}

Test(deadlock, threads_behind_a_dead_owner_are_one_hang)
{
	const struct finding *finding;

	script_lock(&s, 2, 120, A);
	script_end(&s, 2);
	script_wait(&s, 3, 131, A);
	script_wait(&s, 4, 141, A);
	script_join_wait(&s, 1, 600, 3);
	script_finish(&s, END_RUNNING);
	expect(1, 0, 0);
	finding = script_finding(&s, "deadlock", "realised", 0);
	cr_expect_eq(finding->thread_count, 2);
	cr_expect_eq(finding->stack_count, 3);
}

/* The same hang, as it was noticed when it had fewer threads. */
static void keep_all_asleep(uint32_t thread, uint32_t stack, uint64_t since)
{
	struct finding_list list = {0};

	finding_add_stack(finding_add(&list, FINDING_DEADLOCK_REALISED), "waits here", thread, since, stack);
	deadlock_keep(s.analysis->locks, list.items[0]);
	free(list.items);
}

Test(deadlock, a_hang_that_grew_is_reported_as_it_was_noticed)
{
	script_lock(&s, 2, 120, A);
	script_lock(&s, 3, 130, B);
	script_wait(&s, 2, 121, B);
	keep_all_asleep(2, 121, s.now);
	script_wait(&s, 3, 131, A);
	script_finish(&s, END_RUNNING);
	expect(1, 0, 0);
	cr_expect_eq(script_finding(&s, "deadlock", "realised", 0)->edge_count, 0);
}

Test(deadlock, a_hang_is_no_misuse_of_the_same_call)
{
	script_lock(&s, 2, 120, A);
	script_wait(&s, 2, 121, A);
	read_lock(3, 130, B);
	wait_to_write(3, 131, B);
	script_sync(&s, RT_ACQUIRE, 4, 140, RT_KIND_SPIN, 0, C);
	script_sync(&s, RT_WAIT, 4, 141, RT_KIND_SPIN, 0, C);
	script_finish(&s, END_RUNNING);
	expect(3, 0, 0);
	cr_expect_eq(script_count(&s, "misuse", NULL), 0);
}

/* The call returned, so the misuse is the only finding. */
Test(deadlock, an_upgrade_that_ended_is_misuse)
{
	read_lock(3, 130, B);
	script_sync(&s, RT_WAIT, 3, 131, RT_KIND_RWLOCK, RT_SYNC_TIMED, B);
	script_event(&s, (struct event){.type = RT_FAILED,
	                                .thread = 3,
	                                .stack = 131,
	                                .kind = RT_KIND_RWLOCK,
	                                .flags = RT_SYNC_TIMED,
	                                .result = ETIMEDOUT,
	                                .object = B});
	script_finish(&s, END_RUNNING);
	expect(0, 0, 0);
	cr_expect_eq(script_count(&s, "misuse", "rwlock-upgrade"), 1);
}
