#include <criterion/criterion.h>

#include "shim/libc_state.h"
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

/* ---- functions of libc ------------------------------------------------------------------------- */

struct call {
	uint32_t thread, number;
	unsigned function;
};

/* met: the call that it meets; thread 0: none. */
static void enter(struct call call, struct call met, uint64_t stream)
{
	script_event(&s, (struct event){.type = RT_LIBC_ENTER,
	                                .thread = call.thread,
	                                .stack = 100 + call.thread,
	                                .object = stream,
	                                .aux = (uint16_t)call.function,
	                                .arg = call.number | (uint64_t)met.thread << 32,
	                                .arg2 = met.number});
}

static void leave(struct call call, uint64_t stream, bool unchanged)
{
	script_event(&s, (struct event){.type = RT_LIBC_LEAVE,
	                                .thread = call.thread,
	                                .stack = 100 + call.thread,
	                                .object = stream,
	                                .aux = (uint16_t)call.function,
	                                .arg = call.number | (unchanged ? RT_LIBC_UNCHANGED : 0)});
}

static const struct call alone = {0, 0, 0};

static void expect_libc(size_t proven, size_t predicted)
{
	script_finish(&s, END_EXIT);
	cr_expect_eq(script_count(&s, "race", "libc-state"), proven, "%zu proven",
	             script_count(&s, "race", "libc-state"));
	cr_expect_eq(script_count(&s, "race", "predicted"), predicted, "%zu predicted",
	             script_count(&s, "race", "predicted"));
}

/* Calls of two functions that meet, and that return. */
static void meet(unsigned one, unsigned other, uint64_t stream)
{
	struct call first = {2, 7, one}, second = {3, 9, other};

	enter(second, first, stream);
	leave(second, stream, false);
	leave(first, stream, false);
}

Test(races, calls_that_meet_are_proven)
{
	const struct finding *found;

	meet(LIBC_localtime, LIBC_gmtime, 0);
	expect_libc(1, 0);
	found = script_finding(&s, "race", "libc-state", 0);
	cr_expect_str_eq(found->race->sides[0].does, "localtime");
	cr_expect_eq(found->race->sides[0].thread, 2);
	cr_expect_str_eq(found->race->sides[1].does, "gmtime");
	cr_expect_eq(found->race->sides[1].lock_count, 0);
	cr_expect_eq(found->race->sides[0].lock_count, 1, "it holds the lock of begin()");
}

/* The first thread may record its end before the second has recorded its beginning. */
Test(races, end_may_be_recorded_first)
{
	struct call first = {2, 7, LIBC_strtok}, second = {3, 9, LIBC_strtok};

	leave(first, 0, false);
	enter(second, first, 0);
	leave(second, 0, false);
	expect_libc(1, 0);
}

Test(races, call_that_never_returned_proves_nothing)
{
	struct call first = {2, 7, LIBC_strtok}, second = {3, 9, LIBC_strtok}, next = {2, 8, LIBC_strtok};

	enter(second, first, 0);
	leave(second, 0, false);
	leave(next, 0, false); /* another call */
	expect_libc(0, 0);
}

Test(races, call_that_changed_nothing_proves_nothing)
{
	struct call first = {2, 7, LIBC_getlogin}, second = {3, 9, LIBC_getlogin};

	enter(second, first, 0);
	leave(second, 0, true);
	leave(first, 0, false);
	expect_libc(0, 0);
}

Test(races, readers_do_not_race) { meet(LIBC_getenv, LIBC_secure_getenv, 0), expect_libc(0, 0); }
Test(races, reader_and_writer_race) { meet(LIBC_getenv, LIBC_setenv, 0), expect_libc(1, 0); }
Test(races, writers_that_libc_locks_do_not_race) { meet(LIBC_putenv, LIBC_setenv, 0), expect_libc(0, 0); }
Test(races, call_that_may_write_proves_nothing) { meet(LIBC_getenv, LIBC_unsetenv, 0), expect_libc(0, 0); }
Test(races, functions_with_other_states_do_not_race) { meet(LIBC_localtime, LIBC_asctime, 0), expect_libc(0, 0); }
Test(races, second_state_counts) { meet(LIBC_asctime, LIBC_ctime, 0), expect_libc(1, 0); }
Test(races, one_stream_in_two_threads) { meet(LIBC_readdir, LIBC_closedir, 0x5000), expect_libc(1, 0); }

static const struct call second_strtok = {2, 8, LIBC_strtok}, third_strtok = {3, 9, LIBC_strtok};

Test(races, calls_without_order_are_predicted)
{
	enter(second_strtok, alone, 0);
	enter(third_strtok, alone, 0);
	expect_libc(0, 1);
}

Test(races, common_lock_prevents_a_prediction)
{
	enter(second_strtok, alone, 0); /* holds LOCK: begin() */
	script_unlock(&s, 2, LOCK);
	script_lock(&s, 3, 21, LOCK);
	enter(third_strtok, alone, 0);
	expect_libc(0, 0);
}

Test(races, join_prevents_a_prediction)
{
	enter(second_strtok, alone, 0);
	script_end(&s, 2);
	script_join(&s, 1, 60, 2);
	enter((struct call){1, 1, LIBC_strtok}, alone, 0);
	expect_libc(0, 0);
}

Test(races, other_stream_prevents_a_prediction)
{
	enter((struct call){2, 1, LIBC_readdir}, alone, 0x5000);
	enter((struct call){3, 1, LIBC_readdir}, alone, 0x6000);
	expect_libc(0, 0);
}

/* The next stream at the address is another one. */
Test(races, closed_stream_is_another)
{
	enter((struct call){2, 1, LIBC_readdir}, alone, 0x5000);
	enter((struct call){2, 2, LIBC_closedir}, alone, 0x5000);
	enter((struct call){3, 1, LIBC_readdir}, alone, 0x5000);
	expect_libc(0, 0);
}

Test(races, unknown_function_is_left_out)
{
	meet(LIBC_FUNCTIONS, LIBC_FUNCTIONS + 1, 0);
	meet(LIBC_none, 0xffff, 0);
	expect_libc(0, 0);
}
