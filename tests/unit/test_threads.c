#include <criterion/criterion.h>

#include "tests/harness/event_script.h"

static struct script s;

static void begin(void)
{
	script_begin(&s);
	script_main(&s);
}
static void end(void) { script_free(&s); }
TestSuite(threads, .init = begin, .fini = end);

static void expect(size_t unjoined, size_t blocked, size_t running)
{
	cr_expect_eq(script_count(&s, "thread-leak", "unjoined"), unjoined);
	cr_expect_eq(script_count(&s, "thread-leak", "blocked"), blocked);
	cr_expect_eq(script_count(&s, "thread-leak", "running"), running);
}

Test(threads, a_life_is_told)
{
	const struct thread_result *thread;
	char name[16] = "worker";
	struct event event = {.type = RT_THREAD_NAME, .thread = 1, .object = PTHREAD(2)};

	script_create(&s, 1, 50, 2, 0);
	memcpy(&event.arg, name, 8);
	memcpy(&event.arg2, name + 8, 8);
	script_event(&s, event);
	script_end(&s, 2);
	script_join(&s, 1, 51, 2);
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	thread = script_thread(&s, 2);
	cr_assert_eq(thread->tid, 1002);
	cr_assert_eq(thread->created_by, 1);
	cr_assert_eq(thread->created_stack, 50);
	cr_assert_eq(thread->start_routine, 0x4000);
	cr_assert_eq(thread->created, 2);
	cr_assert_eq(thread->started, 3);
	cr_assert_eq(thread->ended, 6);
	cr_assert_str_eq(thread->name, "worker");
	cr_assert(thread->joined && !thread->detached && !thread->main);
	cr_assert_eq(thread->state_at_end, THREAD_ENDED);
	cr_assert_eq(thread->events, 2);
	cr_assert(script_thread(&s, 1)->main);
	cr_assert_eq(script_thread(&s, 1)->state_at_end, THREAD_ENDED);
	expect(0, 0, 0);
}

Test(threads, unjoined_are_grouped_by_creation_stack)
{
	const struct finding *finding;

	for (uint32_t i = 2; i < 12; i++) {
		script_create(&s, 1, 50 + i % 2, i, 0);
		script_end(&s, i);
	}
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(2, 0, 0);
	finding = script_finding(&s, "thread-leak", "unjoined", 0);
	cr_assert_eq(finding->times, 5);
	cr_assert_eq(finding->thread_count, 5);
	cr_assert_eq(finding->stacks[0].stack, 50);
}

/* A join of a thread that was created later cannot be among the missing events. */
Test(threads, unjoined_before_a_loss_are_in_doubt)
{
	script_create(&s, 1, 50, 2, 0);
	script_end(&s, 2);
	script_loss(&s, 1, 5);
	script_create(&s, 1, 50, 3, 0);
	script_end(&s, 3);
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(2, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		const struct finding *finding = script_finding(&s, "thread-leak", "unjoined", i);

		cr_expect_eq(finding->times, 1);
		cr_expect_eq(finding->information, finding->threads[0] == 2);
	}
}

Test(threads, detached_threads_are_no_leak)
{
	script_create(&s, 1, 50, 2, RT_THREAD_DETACHED);
	script_create(&s, 1, 50, 3, 0);
	script_object(&s, RT_DETACH, 1, 51, PTHREAD(3));
	script_create(&s, 1, 50, 4, RT_THREAD_DETACHED);
	script_create(&s, 1, 50, 5, RT_THREAD_DETACHED);
	script_end(&s, 2);
	script_end(&s, 3);
	script_sync(&s, RT_WAIT, 4, 60, RT_KIND_SEM, RT_SYNC_TIMED, 0x1000);
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
	cr_assert(script_thread(&s, 3)->detached);
	cr_assert_eq(script_thread(&s, 4)->state_at_end, THREAD_BLOCKED);
	cr_assert_eq(script_thread(&s, 5)->state_at_end, THREAD_RUNNING);
}

Test(threads, detached_threads_that_wait_for_one_object_are_one_leak)
{
	const struct finding *finding;

	for (uint32_t i = 2; i < 7; i++) {
		script_create(&s, 1, 50, i, RT_THREAD_DETACHED);
		script_sync(&s, RT_WAIT, i, 60, RT_KIND_SEM, 0, 0x1000);
	}
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	finding = script_finding(&s, "thread-leak", "blocked", 0);
	cr_assert_eq(finding->times, 5);
	cr_assert_eq(finding->object_count, 1);
}

Test(threads, a_wait_with_a_time_out_counts_as_running)
{
	script_create(&s, 1, 50, 2, 0);
	script_sync(&s, RT_WAIT, 2, 60, RT_KIND_FUTEX, RT_SYNC_TIMED, 0x1000);
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(0, 0, 1);
	cr_assert_eq(script_thread(&s, 2)->state_at_end, THREAD_BLOCKED);
	cr_assert(script_thread(&s, 2)->blocked_timed);
}

/* The pthread_t of a thread that was created detached is the next thread's. */
Test(threads, a_detached_threads_pthread_t_is_handed_out_again)
{
	script_create(&s, 1, 50, 2, RT_THREAD_DETACHED);
	script_end(&s, 2);
	script_event(&s, (struct event){.type = RT_THREAD_CREATE, .thread = 1, .stack = 50, .arg = 3});
	script_event(&s, (struct event){.type = RT_THREAD_BEGIN, .thread = 3, .object = PTHREAD(2), .arg = 3});
	script_object(&s, RT_DETACH, 3, 51, PTHREAD(2));
	script_end(&s, 3);
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
	cr_assert(script_thread(&s, 3)->detached);
}

Test(threads, detached_thread_blocked_on_a_lock_is_a_leak)
{
	script_create(&s, 1, 50, 2, RT_THREAD_DETACHED);
	script_lock(&s, 1, 60, 0x1000);
	script_wait(&s, 2, 61, 0x1000);
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(0, 1, 0);
	cr_assert_eq(script_thread(&s, 2)->blocked_owner, 1);
}

Test(threads, blocked_and_running_at_exit)
{
	const struct finding *finding;

	script_create(&s, 1, 50, 2, 0);
	script_create(&s, 1, 51, 3, 0);
	script_lock(&s, 2, 60, 0x1000);
	script_cond(&s, RT_COND_WAIT, 2, 61, 0x2000, 0x1000);
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(0, 1, 1);
	finding = script_finding(&s, "thread-leak", "blocked", 0);
	cr_assert_eq(finding->stack_count, 2);
	cr_assert_eq(finding->stacks[0].stack, 50);
	cr_assert_eq(finding->stacks[1].stack, 61);
	cr_assert_str_eq(finding->message, "usual for idle workers: a thread created here" FINDING_RUNS
	                                   " was still blocked on a cond" FINDING_NAMED " at exit");
	cr_assert_eq(finding->object_count, 1);
	cr_assert_eq(finding->objects[0].address, 0x2000);
}

Test(threads, someone_waiting_for_it_makes_running_no_leak)
{
	script_create(&s, 1, 50, 2, 0);
	script_create(&s, 1, 51, 3, RT_THREAD_DETACHED);
	script_join_wait(&s, 1, 60, 2);
	script_exit(&s, 3);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
	cr_assert_eq(script_thread(&s, 1)->state_at_end, THREAD_BLOCKED);
	cr_assert_eq(script_thread(&s, 1)->blocked_kind, RT_KIND_THREAD);
	cr_assert_eq(script_thread(&s, 1)->blocked_owner, 2);
}

Test(threads, a_killed_process_leaves_no_blocked_threads)
{
	script_create(&s, 1, 50, 2, 0);
	script_create(&s, 1, 50, 3, 0);
	script_sync(&s, RT_WAIT, 2, 60, RT_KIND_SEM, 0, 0x1000);
	script_finish(&s, END_SIGNAL);
	expect(0, 0, 0);
}

Test(threads, a_killed_process_may_have_been_joining)
{
	script_create(&s, 1, 50, 2, 0);
	script_create(&s, 1, 50, 3, 0);
	script_end(&s, 3);
	script_join_wait(&s, 1, 60, 2);
	script_finish(&s, END_SIGNAL);
	expect(0, 0, 0);
}

Test(threads, reused_pthread_t_is_another_thread)
{
	for (uint32_t i = 2; i < 5; i++) {
		script_event(&s, (struct event){.type = RT_THREAD_CREATE, .thread = 1, .stack = 50, .arg = i});
		script_event(&s, (struct event){.type = RT_THREAD_BEGIN, .thread = i, .object = PTHREAD(2), .arg = i});
		script_event(&s,
		             (struct event){.type = RT_THREAD_CREATED, .thread = 1, .object = PTHREAD(2), .arg = i});
		script_end(&s, i);
		script_join(&s, 1, 51, 2);
	}
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
	for (uint32_t i = 1; i < 5; i++)
		cr_assert_eq(script_thread(&s, i)->joined, i > 1);
}

Test(threads, failed_creation_leaves_no_thread)
{
	script_event(&s, (struct event){.type = RT_THREAD_CREATE, .thread = 1, .stack = 50, .arg = 2});
	script_event(&s, (struct event){.type = RT_THREAD_CREATED, .thread = 1, .arg = 2, .aux = 11});
	script_create(&s, 1, 50, 3, 0);
	script_end(&s, 3);
	script_join(&s, 1, 51, 3);
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	cr_assert_null(script_thread(&s, 2));
	cr_assert_not_null(script_thread(&s, 3));
	expect(0, 0, 0);
}

Test(threads, adopted_threads_are_no_leak)
{
	script_event(
	    &s, (struct event){
	            .type = RT_THREAD_BEGIN, .thread = 2, .object = PTHREAD(2), .aux = RT_THREAD_ADOPTED, .arg = 2});
	script_exit(&s, 1);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
	cr_assert(script_thread(&s, 2)->adopted);
}

Test(threads, the_thread_that_calls_exit_is_no_leak)
{
	script_create(&s, 1, 50, 2, 0);
	script_exit(&s, 2);
	script_finish(&s, END_EXIT);
	expect(0, 0, 0);
	cr_assert_eq(script_thread(&s, 2)->state_at_end, THREAD_ENDED);
	cr_assert_eq(script_thread(&s, 1)->state_at_end, THREAD_RUNNING);
}

/* ---- sites --------------------------------------------------------------------------- */

static const struct thread_site *site_of(uint32_t stack)
{
	size_t count;
	const struct thread_site *sites = threads_sites(s.analysis->threads, &count);

	for (size_t i = 0; i < count; i++)
		if (sites[i].stack == stack)
			return &sites[i];
	return NULL;
}

static void expect_growing(size_t count) { cr_expect_eq(script_count(&s, "thread-leak", "growing"), count); }

Test(threads, sites_count_their_threads)
{
	for (uint32_t i = 0; i < 10; i++)
		script_create(&s, 1, 50, 2 + i, RT_THREAD_DETACHED);
	for (uint32_t i = 0; i < 7; i++)
		script_end(&s, 2 + i);
	script_create(&s, 1, 50, 20, RT_THREAD_DETACHED);
	script_create(&s, 20, 51, 21, RT_THREAD_DETACHED);
	script_finish(&s, END_RUNNING);
	cr_assert_eq(site_of(50)->made, 11);
	cr_assert_eq(site_of(50)->live, 4);
	cr_assert_eq(site_of(50)->peak, 10);
	cr_assert_eq(site_of(51)->made, 1);
	cr_assert_null(site_of(0));
	expect_growing(0);
}

/* Every second thread stays. */
Test(threads, more_and_more_live_threads_grow)
{
	const struct thread_site *site;

	for (uint32_t i = 0; i < 40; i++) {
		script_create(&s, 1, 50, 2 + i, RT_THREAD_DETACHED);
		if (i % 2)
			script_end(&s, 2 + i);
	}
	script_finish(&s, END_RUNNING);
	site = site_of(50);
	cr_assert(site->grows);
	cr_assert_eq(site->live, 20);
	cr_assert_eq(site->live_at[3], 20);
	cr_assert_eq(site->live_at[1], 10);
	expect_growing(1);
	cr_assert_eq(script_finding(&s, "thread-leak", "growing", 0)->stacks[0].stack, 50);
}

Test(threads, a_pool_does_not_grow)
{
	for (uint32_t i = 0; i < 40; i++)
		script_create(&s, 1, 50, 2 + i, RT_THREAD_DETACHED);
	s.now += 10000;
	script_finish(&s, END_RUNNING);
	cr_assert_eq(site_of(50)->live_at[0], 40);
	expect_growing(0);
}

Test(threads, threads_that_end_do_not_grow)
{
	for (uint32_t i = 0; i < 40; i++) {
		script_create(&s, 1, 50, 2 + i, RT_THREAD_DETACHED);
		script_end(&s, 2 + i);
	}
	script_finish(&s, END_RUNNING);
	cr_assert_eq(site_of(50)->peak, 1);
	expect_growing(0);
}

/* The number of threads grows, and shrinks again. */
Test(threads, a_wave_does_not_grow)
{
	for (uint32_t i = 0; i < 40; i++)
		script_create(&s, 1, 50, 2 + i, RT_THREAD_DETACHED);
	for (uint32_t i = 0; i < 30; i++)
		script_end(&s, 2 + i);
	script_finish(&s, END_RUNNING);
	expect_growing(0);
}

/* ---- threads that could end a wait ---------------------------------------------------------------- */

static const struct blocker *blocker_of(uint32_t thread, size_t nth)
{
	const struct thread_result *result = script_thread(&s, thread);

	cr_assert_eq(result->state_at_end, THREAD_BLOCKED);
	return nth < result->blocker_count ? &result->blockers[nth] : NULL;
}

static void expect_blocker(uint32_t thread, size_t nth, uint32_t by, int how, uint32_t stack)
{
	const struct blocker *blocker = blocker_of(thread, nth);

	cr_assert(blocker, "no thread blocks thread %u", thread);
	cr_expect_eq(blocker->thread, by);
	cr_expect_eq(blocker->how, how);
	cr_expect_eq(blocker->stack, stack);
}

Test(threads, owners_readers_and_the_joined_are_told)
{
	for (uint32_t i = 2; i < 6; i++)
		script_create(&s, 1, 50, i, 0);
	script_lock(&s, 2, 60, 0x1000);
	script_wait(&s, 3, 61, 0x1000);
	script_sync(&s, RT_ACQUIRE, 2, 62, RT_KIND_RWLOCK, RT_SYNC_SHARED, 0x2000);
	script_sync(&s, RT_ACQUIRE, 5, 63, RT_KIND_RWLOCK, RT_SYNC_SHARED, 0x2000);
	script_sync(&s, RT_WAIT, 4, 64, RT_KIND_RWLOCK, 0, 0x2000);
	script_join_wait(&s, 1, 65, 4);
	script_finish(&s, END_RUNNING);
	expect_blocker(3, 0, 2, BLOCKER_HOLDS, 60);
	cr_expect_null(blocker_of(3, 1));
	expect_blocker(4, 0, 2, BLOCKER_READS, 62);
	expect_blocker(4, 1, 5, BLOCKER_READS, 63);
	expect_blocker(1, 0, 4, BLOCKER_LIVES, 50);
}

Test(threads, those_that_signalled_before_are_told)
{
	script_create(&s, 1, 50, 2, 0);
	script_create(&s, 1, 50, 3, 0);
	script_cond(&s, RT_SIGNAL, 1, 60, 0x3000, 0);
	script_cond(&s, RT_SIGNAL, 3, 61, 0x3000, 0);
	script_cond(&s, RT_COND_WAIT, 2, 62, 0x3000, 0);
	script_sync(&s, RT_WAIT, 1, 63, RT_KIND_SEM, 0, 0x4000);
	script_finish(&s, END_RUNNING);
	expect_blocker(2, 0, 1, BLOCKER_WAKES, RT_STACK_NONE);
	expect_blocker(2, 1, 3, BLOCKER_WAKES, 61);
	cr_expect_null(blocker_of(1, 0));
}
