#include <criterion/criterion.h>

#include "tests/harness/event_script.h"

enum { BLOCK = 0x10000, LOCK = BLOCK + 48, OTHER = 0x4000 };

static struct script s;

static void begin(void)
{
	script_begin(&s);
	script_main(&s);
	script_create(&s, 1, 500, 2, 0);
	script_create(&s, 1, 500, 3, 0);
	script_alloc(&s, RT_MALLOC, 1, 40, BLOCK, 100);
	script_lock(&s, 2, 20, LOCK);
}
static void end(void) { script_free(&s); }
TestSuite(races, .init = begin, .fini = end);

static void expect_races(size_t count)
{
	script_finish(&s, END_EXIT);
	cr_expect_eq(script_count(&s, "race", "free"), count, "%zu", script_count(&s, "race", "free"));
}

Test(races, use_after_free_by_another_thread)
{
	const struct finding *found;

	script_lock(&s, 3, 25, OTHER);
	script_object(&s, RT_FREE, 3, 41, BLOCK);
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, LOCK);
	expect_races(1);
	found = script_finding(&s, "race", "free", 0);
	cr_assert_not_null(found->race);
	cr_expect_eq(found->race->size, 100);
	cr_expect_eq(found->race->into, 48);
	cr_expect_eq(found->race->allocated_stack, 40);
	cr_expect_eq(found->race->sides[0].thread, 2);
	cr_expect_eq(found->race->sides[0].stack, 21);
	cr_expect_eq(found->race->sides[0].lock_count, 0, "the lock itself does not count");
	cr_expect_eq(found->race->sides[1].thread, 3);
	cr_expect_eq(found->race->sides[1].stack, 41);
	cr_expect_eq(found->race->sides[1].lock_count, 1);
	cr_expect_eq(found->race->sides[1].locks[0].lock.address, OTHER);
	cr_expect_eq(found->race->sides[1].locks[0].taken_stack, 25);
	cr_expect_eq(script_count(&s, "misuse", "mutex-in-freed-memory"), 0);
}

Test(races, use_before_free_proves_nothing)
{
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, LOCK);
	script_object(&s, RT_FREE, 3, 41, BLOCK);
	expect_races(0);
}

Test(races, use_by_the_thread_that_frees_is_misuse)
{
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, LOCK);
	script_object(&s, RT_FREE, 2, 41, BLOCK);
	script_lock(&s, 2, 22, LOCK);
	expect_races(0);
	cr_expect_eq(script_count(&s, "misuse", "mutex-in-freed-memory"), 1);
}

Test(races, use_that_is_ordered_after_the_free_is_misuse)
{
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, LOCK);
	script_object(&s, RT_FREE, 2, 41, BLOCK);
	script_end(&s, 2);
	script_join(&s, 1, 60, 2);
	script_lock(&s, 1, 22, LOCK);
	expect_races(0);
	cr_expect_eq(script_count(&s, "misuse", "mutex-in-freed-memory"), 1);
}

Test(races, memory_that_is_allocated_again_is_new)
{
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, LOCK);
	script_object(&s, RT_FREE, 3, 41, BLOCK);
	script_alloc(&s, RT_MALLOC, 2, 42, BLOCK + 32, 100);
	script_lock(&s, 2, 22, LOCK);
	expect_races(0);
}

Test(races, wait_that_returns_after_the_free)
{
	script_wait(&s, 3, 30, LOCK);
	script_object(&s, RT_FREE, 2, 41, BLOCK);
	script_alloc(&s, RT_MALLOC, 2, 42, BLOCK, 100); /* that does not matter */
	script_lock(&s, 3, 30, LOCK);
	expect_races(1);
}

/* The thread left the wait by longjmp: what it does next is another call. */
Test(races, wait_that_never_returned_proves_nothing)
{
	script_wait(&s, 3, 30, LOCK);
	script_object(&s, RT_FREE, 2, 41, BLOCK);
	script_lock(&s, 3, 31, OTHER);
	expect_races(0);
}

Test(races, barrier_may_be_left_after_its_free)
{
	script_sync(&s, RT_WAIT, 3, 30, RT_KIND_BARRIER, 0, BLOCK + 8);
	script_object(&s, RT_FREE, 1, 41, BLOCK);
	script_sync(&s, RT_ACQUIRE, 3, 30, RT_KIND_BARRIER, 0, BLOCK + 8);
	expect_races(0);
}

Test(races, futex_may_be_woken_after_its_free)
{
	script_sync(&s, RT_WAIT, 3, 30, RT_KIND_FUTEX, 0, BLOCK + 8);
	script_object(&s, RT_FREE, 1, 41, BLOCK);
	script_sync(&s, RT_SIGNAL, 2, 30, RT_KIND_FUTEX, 0, BLOCK + 8);
	expect_races(0);
}

Test(races, destroyed_lock_is_freed_with_its_block)
{
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, LOCK);
	script_sync(&s, RT_DESTROY, 3, 50, RT_KIND_MUTEX, 0, LOCK);
	script_object(&s, RT_FREE, 3, 41, BLOCK);
	script_sync(&s, RT_RELEASE, 2, 22, RT_KIND_MUTEX, 0, LOCK);
	script_event(&s, (struct event){.type = RT_FAILED,
	                                .thread = 2,
	                                .stack = 22,
	                                .kind = RT_KIND_MUTEX,
	                                .flags = RT_SYNC_UNLOCK,
	                                .result = 22,
	                                .object = LOCK});
	expect_races(1);
	cr_expect_eq(script_count(&s, "misuse", NULL), 0);
}

/* An event that is delivered late has the stamp of the event before it. */
Test(races, late_event_proves_nothing)
{
	script_object(&s, RT_FREE, 3, 41, BLOCK);
	s.now--;
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, LOCK);
	expect_races(0);
}

Test(races, nothing_is_reported_after_a_loss)
{
	script_loss(&s, 3, 1);
	script_object(&s, RT_FREE, 3, 41, BLOCK);
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, LOCK);
	expect_races(0);
}

Test(races, large_block_may_be_unmapped)
{
	uint64_t large = 0x100000;

	script_alloc(&s, RT_MALLOC, 1, 40, large, 128 << 10);
	script_lock(&s, 2, 20, large + 8);
	script_object(&s, RT_FREE, 3, 41, large);
	script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, large + 8);
	expect_races(0);
}

Test(races, same_place_is_one_finding)
{
	for (unsigned i = 1; i < 4; i++) {
		uint64_t block = BLOCK + i * 0x1000;

		script_alloc(&s, RT_MALLOC, 1, 40, block, 100);
		script_lock(&s, 2, 20, block);
		script_object(&s, RT_FREE, 3, 41, block);
		script_sync(&s, RT_RELEASE, 2, 21, RT_KIND_MUTEX, 0, block);
	}
	expect_races(1);
	cr_expect_eq(script_finding(&s, "race", "free", 0)->times, 3);
}
