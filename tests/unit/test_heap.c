#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/event_script.h"
#include "tools/analyse/heap/heap_times.h"

static struct script s;

static void begin(void) { script_begin(&s); }
static void end(void) { script_free(&s); }
TestSuite(heap, .init = begin, .fini = end);

static const struct heap_counts *finish(void)
{
	script_finish(&s, END_EXIT);
	return heap_totals(s.analysis->heap);
}

static void s_malloc(uint32_t thread, uint32_t stack, uint64_t address, uint64_t size)
{
	script_alloc(&s, RT_MALLOC, thread, stack, address, size);
}

static void s_free(uint32_t thread, uint64_t address) { script_object(&s, RT_FREE, thread, 90, address); }

Test(heap, free_of_nothing_is_no_double_free) /* a free without an address, as a damaged file may have one */
{
	s_free(1, 0);
	cr_expect_eq(finish()->unknown_frees, 1);
	cr_expect_eq(script_count(&s, "misuse", NULL), 0);
}

Test(heap, counts_exactly)
{
	const struct heap_counts *totals;

	s_malloc(1, 20, 0x1000, 100);
	s_malloc(1, 20, 0x2000, 0);
	s_malloc(2, 21, 0x3000, 70000);
	s_free(1, 0x1000);
	script_event(&s,
	             (struct event){.type = RT_ALLOC_FAILED, .thread = 1, .stack = 22, .aux = RT_CALLOC, .size = 9});
	totals = finish();
	cr_assert_eq(totals->allocations, 3);
	cr_assert_eq(totals->allocated_bytes, 70100);
	cr_assert_eq(totals->frees, 1);
	cr_assert_eq(totals->freed_bytes, 100);
	cr_assert_eq(totals->live_blocks, 2);
	cr_assert_eq(totals->live_bytes, 70000);
	cr_assert_eq(totals->peak_bytes, 70100);
	cr_assert_eq(totals->peak_blocks, 3);
	cr_assert_eq(totals->largest, 70000);
	cr_assert_eq(totals->failed, 1);
	cr_assert_eq(heap_peak_stamp(s.analysis->heap), 3);
}

static const struct heap_share *share_of(uint32_t group)
{
	size_t count;
	const struct heap_share *shares = heap_shares(s.analysis->heap, &count);

	for (size_t i = 0; i < count; i++)
		if (shares[i].group == group)
			return &shares[i];
	cr_assert_fail("group %u has no share", group);
	return NULL;
}

static void name_thread(uint32_t id, const char *name)
{
	struct event event = {.type = RT_THREAD_NAME, .thread = id, .object = PTHREAD(id)};

	memcpy(&event.arg, name, strlen(name));
	script_event(&s, event);
}

/* Groups 1: main, 2: made at 50, 3: "worker". */
Test(heap, groups_of_threads_share_a_site_exactly)
{
	size_t count;

	script_main(&s);
	script_create(&s, 1, 50, 2, 0);
	script_create(&s, 1, 50, 3, 0);
	s_malloc(1, 20, 0x1000, 100);
	s_malloc(2, 20, 0x2000, 10);
	name_thread(2, "worker");
	name_thread(3, "worker");
	s_malloc(2, 20, 0x3000, 1000);
	s_malloc(3, 20, 0x4000, 2000); /* the peak: 100 + 10 + 3000 */
	s_free(3, 0x3000);
	s_free(1, 0x2000);
	s_malloc(3, 21, 0x5000, 5);
	finish();
	cr_expect_eq(share_of(1)->counts.allocated_bytes, 100);
	cr_expect_eq(share_of(1)->counts.live_bytes, 100);
	cr_expect_eq(share_of(1)->counts.peak_bytes, 100);
	cr_expect_eq(share_of(2)->counts.allocations, 1);
	cr_expect_eq(share_of(2)->counts.peak_bytes, 10);
	cr_expect_eq(share_of(2)->counts.live_blocks, 0);
	cr_expect_eq(share_of(3)->counts.allocations, 2);
	cr_expect_eq(share_of(3)->counts.peak_bytes, 3000);
	cr_expect_eq(share_of(3)->counts.peak_blocks, 2);
	cr_expect_eq(share_of(3)->counts.live_bytes, 2000);
	cr_expect_eq(heap_sites(s.analysis->heap, &count)[0].group, 0, "several groups allocate there");
	cr_expect_eq(heap_sites(s.analysis->heap, &count)[1].group, 3, "one group allocates there");
}

Test(heap, shares_of_the_peak_are_exact)
{
	uint64_t sites = 0, blocks = 0;

	s_malloc(1, 20, 0x1000, 100);
	s_malloc(1, 21, 0x2000, 50);
	s_free(1, 0x1000);
	s_malloc(2, 22, 0x3000, 70);
	s_malloc(2, 22, 0x4000, 80); /* the peak: 50 + 150 */
	s_free(1, 0x2000);
	s_free(1, 0x3000);
	s_malloc(1, 20, 0x1000, 110);
	s_malloc(1, 23, 0x5000, 5);
	finish();
	cr_assert_eq(heap_totals(s.analysis->heap)->peak_bytes, 200);
	cr_assert_eq(script_site(&s, 20).peak_bytes, 0);
	cr_assert_eq(script_site(&s, 21).peak_bytes, 50);
	cr_assert_eq(script_site(&s, 22).peak_bytes, 150);
	cr_assert_eq(script_site(&s, 22).peak_blocks, 2);
	cr_assert_eq(script_site(&s, 23).peak_bytes, 0);
	for (uint32_t stack = 20; stack < 24; stack++) {
		sites += script_site(&s, stack).peak_bytes;
		blocks += script_site(&s, stack).peak_blocks;
	}
	cr_assert_eq(sites, 200);
	cr_assert_eq(blocks, heap_totals(s.analysis->heap)->peak_blocks);
}

/* Compares the analysis with a model that checks all blocks after each event. */
Test(heap, agrees_with_a_naive_model)
{
	enum { BLOCKS = 500, SITES = 17 };
	static uint64_t size[BLOCKS], live[SITES], peak[SITES], total, total_peak;
	static unsigned site[BLOCKS];
	unsigned seed = 1;

	for (int i = 0; i < 200000; i++) {
		unsigned b = (unsigned)rand_r(&seed) % BLOCKS, where = (unsigned)rand_r(&seed) % SITES;

		if (size[b]) {
			s_free(1 + b % 3, 0x10000 + b * 0x40);
			live[site[b]] -= size[b];
			total -= size[b];
			size[b] = 0;
			continue;
		}
		size[b] = 1 + (unsigned)rand_r(&seed) % 5000;
		site[b] = where;
		s_malloc(1 + where % 4, 20 + where, 0x10000 + b * 0x40, size[b]);
		live[where] += size[b];
		total += size[b];
		if (total > total_peak) {
			total_peak = total;
			memcpy(peak, live, sizeof peak);
		}
	}
	cr_assert_eq(finish()->peak_bytes, total_peak);
	cr_assert_eq(heap_totals(s.analysis->heap)->live_bytes, total);
	for (unsigned i = 0; i < SITES; i++) {
		cr_expect_eq(script_site(&s, 20 + i).peak_bytes, peak[i]);
		cr_expect_eq(script_site(&s, 20 + i).live_bytes, live[i]);
	}
}

Test(heap, realloc_is_one_change)
{
	const struct heap_counts *totals;

	s_malloc(1, 20, 0x1000, 1000);
	script_object(&s, RT_REALLOC_BEGIN, 1, 21, 0x1000);
	script_alloc(&s, RT_REALLOC_END, 1, 21, 0x2000, 1500);
	script_object(&s, RT_REALLOC_BEGIN, 1, 21, 0x2000);
	script_alloc(&s, RT_REALLOC_END, 1, 21, 0x2000, 1200);
	totals = finish();
	cr_assert_eq(totals->allocations, 3);
	cr_assert_eq(totals->allocated_bytes, 3700);
	cr_assert_eq(totals->reallocations, 2);
	cr_assert_eq(totals->reallocated_in_place, 1);
	cr_assert_eq(totals->frees, 0);
	cr_assert_eq(totals->peak_bytes, 1500);
	cr_assert_eq(totals->peak_blocks, 1);
	cr_assert_eq(totals->live_bytes, 1200);
	cr_assert_eq(script_site(&s, 20).live_blocks, 0);
	cr_assert_eq(script_site(&s, 21).live_bytes, 1200);
}

Test(heap, anothers_malloc_gets_the_address_before_realloc_ends)
{
	const struct heap_counts *totals;

	s_malloc(1, 20, 0x1000, 10);
	script_object(&s, RT_REALLOC_BEGIN, 1, 21, 0x1000);
	s_malloc(2, 22, 0x1000, 10);
	s_free(2, 0x1000);
	s_malloc(3, 23, 0x1000, 7);
	script_alloc(&s, RT_REALLOC_END, 1, 21, 0x2000, 30);
	totals = finish();
	cr_assert_eq(totals->unseen_frees, 0);
	cr_assert_eq(totals->double_frees, 0);
	cr_assert_eq(totals->unknown_frees, 0);
	cr_assert_eq(totals->live_bytes, 37);
	cr_assert_eq(totals->live_blocks, 2);
	cr_assert_eq(script_count(&s, "misuse", NULL), 0);
}

Test(heap, failed_realloc_leaves_the_block)
{
	const struct heap_counts *totals;

	s_malloc(1, 20, 0x1000, 10);
	script_object(&s, RT_REALLOC_BEGIN, 1, 21, 0x1000);
	script_alloc(&s, RT_REALLOC_END, 1, 21, 0, 1ull << 50);
	s_free(1, 0x1000);
	totals = finish();
	cr_assert_eq(totals->failed, 1);
	cr_assert_eq(totals->frees, 1);
	cr_assert_eq(totals->live_blocks, 0);
	cr_assert_eq(totals->allocations, 1);
}

Test(heap, realloc_to_nothing_is_a_free)
{
	s_malloc(1, 20, 0x1000, 10);
	script_object(&s, RT_REALLOC_BEGIN, 1, 21, 0x1000);
	script_event(
	    &s, (struct event){.type = RT_FREE, .thread = 1, .stack = 21, .object = 0x1000, .aux = RT_FREE_BY_REALLOC});
	s_malloc(1, 20, 0x1000, 10);
	script_event(
	    &s, (struct event){.type = RT_FREE, .thread = 1, .stack = 21, .object = 0x1000, .aux = RT_FREE_BY_REALLOC});
	cr_assert_eq(finish()->frees, 2);
	cr_assert_eq(heap_totals(s.analysis->heap)->live_blocks, 0);
	cr_assert_eq(heap_totals(s.analysis->heap)->failed, 0);
}

Test(heap, realloc_of_null_is_an_allocation)
{
	script_alloc(&s, RT_REALLOC_END, 1, 21, 0x2000, 30);
	cr_assert_eq(finish()->allocations, 1);
	cr_assert_eq(heap_totals(s.analysis->heap)->reallocations, 0);
}

Test(heap, realloc_of_an_unknown_block_is_tolerated)
{
	script_object(&s, RT_REALLOC_BEGIN, 1, 21, 0x9000);
	script_alloc(&s, RT_REALLOC_END, 1, 21, 0x2000, 30);
	script_object(&s, RT_REALLOC_BEGIN, 1, 21, 0x9000);
	script_alloc(&s, RT_REALLOC_END, 1, 21, 0, 30);
	cr_assert_eq(finish()->allocations, 1);
	cr_assert_eq(heap_totals(s.analysis->heap)->unknown_frees, 2);
	cr_assert_eq(heap_totals(s.analysis->heap)->failed, 1);
}

Test(heap, temporary_means_no_other_allocation_of_the_thread_between)
{
	s_malloc(1, 20, 0x1000, 10);
	s_malloc(2, 21, 0x2000, 10);
	s_free(1, 0x1000); /* temporary */
	s_free(1, 0x2000); /* freed by another thread */
	s_malloc(1, 20, 0x1000, 10);
	s_malloc(1, 20, 0x3000, 10);
	s_free(1, 0x1000); /* another one between */
	cr_assert_eq(finish()->temporary, 1);
	cr_assert_eq(script_site(&s, 20).temporary, 1);
}

Test(heap, leaks_are_grouped_by_site)
{
	const struct finding *leak;

	s_malloc(1, 20, 0x1000, 96);
	s_malloc(1, 20, 0x2000, 4000);
	s_malloc(1, 21, 0x3000, 1);
	s_malloc(1, 22, 0x4000, 5);
	s_free(1, 0x4000);
	finish();
	cr_assert_eq(script_count(&s, "leak", "live-at-death"), 2);
	leak = script_finding(&s, "leak", NULL, 0);
	cr_assert_eq(leak->bytes, 4096);
	cr_assert_eq(leak->blocks, 2);
	cr_assert_eq(leak->stacks[0].stack, 20);
	cr_assert_str_eq(leak->message, "4096 bytes in 2 blocks allocated here were never freed");
	cr_assert_str_eq(script_finding(&s, "leak", NULL, 1)->message,
	                 "1 byte in 1 block allocated here was never freed");
}

Test(heap, double_free_is_told_from_unknown_free)
{
	const struct finding *finding;

	s_malloc(1, 20, 0x1000, 10);
	s_free(1, 0x1000);
	s_free(2, 0x1000);
	s_free(2, 0x1000);
	s_free(1, 0x7000);
	cr_assert_eq(finish()->double_frees, 2);
	cr_assert_eq(heap_totals(s.analysis->heap)->unknown_frees, 1);
	cr_assert_eq(script_count(&s, "misuse", NULL), 1);
	finding = script_finding(&s, "misuse", "double-free", 0);
	cr_assert_eq(finding->times, 2);
	cr_assert_eq(finding->stack_count, 3);
	cr_assert_eq(finding->stacks[0].stack, 20);
}

Test(heap, reused_address_is_no_double_free)
{
	for (int i = 0; i < 3; i++) {
		s_malloc(1, 20, 0x1000, 10);
		s_free(1, 0x1000);
	}
	cr_assert_eq(finish()->double_frees, 0);
	cr_assert_eq(script_count(&s, "misuse", NULL), 0);
}

Test(heap, mismatched_frees)
{
	script_alloc(&s, RT_OPERATOR_NEW, 1, 20, 0x1000, 10);
	s_free(1, 0x1000);
	script_alloc(&s, RT_OPERATOR_NEW_ARRAY, 1, 21, 0x1000, 10);
	script_object(&s, RT_OPERATOR_DELETE, 1, 30, 0x1000);
	script_alloc(&s, RT_OPERATOR_NEW, 1, 22, 0x1000, 10);
	script_object(&s, RT_REALLOC_BEGIN, 1, 31, 0x1000);
	script_alloc(&s, RT_REALLOC_END, 1, 31, 0x2000, 10);
	s_free(1, 0x2000);
	script_alloc(&s, RT_OPERATOR_NEW, 1, 23, 0x1000, 10);
	script_object(&s, RT_OPERATOR_DELETE, 1, 32, 0x1000);
	script_alloc(&s, RT_OPERATOR_NEW_ARRAY, 1, 23, 0x1000, 10);
	script_object(&s, RT_OPERATOR_DELETE_ARRAY, 1, 33, 0x1000);
	cr_assert_eq(finish()->mismatched, 3);
	cr_assert_eq(script_count(&s, "misuse", "mismatched-free"), 3);
	cr_assert_eq(script_count(&s, "misuse", NULL), 3);
	cr_assert_str_eq(script_finding(&s, "misuse", NULL, 0)->message,
	                 "a block from operator new is given to free(); release it with delete");
}

Test(heap, interior_pointer_is_an_invalid_free)
{
	s_malloc(1, 20, 0x1000, 100);
	s_free(1, 0x1010);
	s_free(1, 0x1068); /* just past it: unknown, not interior */
	finish();
	cr_assert_eq(script_count(&s, "misuse", "invalid-free"), 1);
	cr_assert_eq(heap_totals(s.analysis->heap)->unknown_frees, 2);
	cr_assert_eq(heap_totals(s.analysis->heap)->live_blocks, 1);
}

/* How many bytes before a block an address is, which no allocator returns; further away there may be an unseen block.
 */
Test(heap, address_right_before_a_block_is_an_invalid_free)
{
	s_malloc(1, 20, 0x1040, 100);
	script_object(&s, RT_FREE, 1, 30, 0x1040 - 16);
	script_object(&s, RT_FREE, 1, 31, 0x1040 - 1);
	script_object(&s, RT_FREE, 1, 32, 0x1040 - 32);
	finish();
	cr_assert_eq(script_count(&s, "misuse", "invalid-free"), 2);
}

static void s_unseen(uint32_t thread, unsigned what, bool begins)
{
	script_event(&s, (struct event){.type = RT_UNSEEN, .thread = thread, .aux = what, .object = begins});
}

/* Constructors of a library may free what libc allocates for them, unseen. */
Test(heap, blocks_of_a_thread_that_opens_a_library_are_not_claimed)
{
	s_malloc(1, 20, 0x1000, 10);
	s_unseen(1, RT_UNSEEN_HEAP, true);
	s_malloc(1, 21, 0x2000, 10);
	s_malloc(2, 22, 0x3000, 10);
	s_unseen(1, RT_UNSEEN_HEAP, true);
	s_unseen(1, RT_UNSEEN_HEAP, false);
	s_malloc(1, 23, 0x4000, 10);
	s_unseen(1, RT_UNSEEN_HEAP, false);
	s_malloc(1, 24, 0x5000, 10);
	cr_expect_eq(finish()->unseen_frees, 2);
	cr_expect_eq(script_count(&s, "leak", "live-at-death"), 3);
}

/* A block that was freed before may have been allocated again, unseen. */
Test(heap, freed_again_after_a_library_was_opened_is_no_double_free)
{
	s_malloc(1, 20, 0x1000, 10);
	s_free(1, 0x1000);
	s_unseen(1, RT_UNSEEN_HEAP, true);
	s_free(1, 0x1000);
	s_unseen(1, RT_UNSEEN_HEAP, false);
	s_free(1, 0x1000);
	cr_expect_eq(finish()->double_frees, 0);
	cr_expect_eq(script_count(&s, "misuse", NULL), 0);
}

static void begin_with_stack(uint32_t id, uint64_t high, uint64_t units)
{
	script_event(&s, (struct event){.type = RT_THREAD_BEGIN,
	                                .thread = id,
	                                .object = PTHREAD(id),
	                                .arg = id | (uint64_t)(100 + id) << 32,
	                                .arg2 = high | units << RT_AUX_SHIFT});
}

Test(heap, address_in_the_stack_of_a_living_thread_is_an_invalid_free)
{
	begin_with_stack(1, 0x7fff0000, 2);
	begin_with_stack(2, 0x7f000000, 1);
	script_object(&s, RT_FREE, 1, 30, 0x7ffefff0); /* its own */
	script_object(&s, RT_FREE, 1, 31, 0x7efffff0); /* the other's */
	script_object(&s, RT_FREE, 1, 32, 0x7ffcfff0); /* below */
	script_object(&s, RT_FREE, 1, 33, 0x7f000000); /* above */
	script_end(&s, 2);
	script_object(&s, RT_FREE, 1, 34, 0x7efffff0); /* the memory may be a block's by now */
	finish();
	cr_assert_eq(script_count(&s, "misuse", "invalid-free"), 2);
	cr_assert_str_eq(script_finding(&s, "misuse", "invalid-free", 0)->message,
	                 "free() is given an address in the stack of the thread that calls it: a local variable is no "
	                 "block");
}

static void release(unsigned type, uint64_t address, unsigned aux, uint64_t size)
{
	script_event(
	    &s, (struct event){.type = type, .thread = 1, .stack = 40, .object = address, .aux = aux, .arg = size});
}

Test(heap, unmapped_and_unaligned_addresses_are_invalid_frees)
{
	release(RT_FREE, 0x80000, RT_FREE_UNMAPPED, 0);
	release(RT_REALLOC_BEGIN, 0x80010, RT_FREE_UNMAPPED, 0);
	release(RT_FREE, 0x80004, 0, 0);
	release(RT_FREE, 0x80008, 0, 0); /* a block that was never seen */
	finish();
	cr_assert_eq(script_count(&s, "misuse", "invalid-free"), 3);
}

Test(heap, size_of_a_sized_free_is_that_of_the_block)
{
	s_malloc(1, 20, 0x1000, 32);
	release(RT_FREE, 0x1000, RT_FREE_SIZED | 32, 0);
	s_malloc(1, 20, 0x1000, 0);
	release(RT_FREE, 0x1000, RT_FREE_SIZED | 0, 0);
	s_malloc(1, 20, 0x1000, 70000);
	release(RT_FREE, 0x1000, RT_FREE_SIZED | RT_FREE_SIZE_BIG, 70000);
	finish();
	cr_assert_eq(script_count(&s, "misuse", NULL), 0);
}

Test(heap, another_size_is_a_mismatch_that_names_both)
{
	s_malloc(1, 20, 0x1000, 32);
	release(RT_FREE, 0x1000, RT_FREE_SIZED | 33, 0);
	s_malloc(1, 20, 0x1000, 70000);
	release(RT_FREE, 0x1000, RT_FREE_SIZED | RT_FREE_SIZE_BIG, 7);
	finish();
	cr_assert_eq(script_count(&s, "misuse", "mismatched-free"), 1);
	cr_assert_eq(script_finding(&s, "misuse", "mismatched-free", 0)->times, 2);
	cr_assert_str_eq(script_finding(&s, "misuse", "mismatched-free", 0)->message,
	                 "a block of 32 bytes from malloc() or a relative of it is given to free_sized() or "
	                 "free_aligned_sized() with a size of 33");
	cr_assert_eq(heap_totals(s.analysis->heap)->mismatched, 2);
}

Test(heap, failed_request_of_a_negative_size)
{
	script_event(
	    &s, (struct event){.type = RT_ALLOC_FAILED, .thread = 1, .stack = 30, .aux = RT_CALLOC, .size = 1u << 30});
	script_event(
	    &s,
	    (struct event){.type = RT_ALLOC_FAILED, .thread = 1, .stack = 30, .aux = RT_CALLOC, .size = RT_SIZE_MASK});
	script_event(&s, (struct event){.type = RT_REALLOC_END, .thread = 1, .stack = 31, .size = RT_SIZE_MASK - 7});
	finish();
	cr_assert_eq(script_count(&s, "misuse", "negative-size"), 2);
	cr_assert_eq(heap_totals(s.analysis->heap)->failed, 3);
}

Test(heap, nothing_is_claimed_after_a_loss)
{
	s_malloc(1, 20, 0x1000, 10);
	s_free(1, 0x1000);
	script_loss(&s, 1, 5);
	s_free(1, 0x1000);
	script_alloc(&s, RT_OPERATOR_NEW, 1, 21, 0x3000, 10);
	s_free(1, 0x3000);
	s_malloc(1, 20, 0x4000, 10);
	s_malloc(1, 20, 0x4000, 20);
	cr_assert_eq(finish()->double_frees, 0);
	cr_assert_eq(script_count(&s, "misuse", NULL), 0);
	cr_assert_eq(script_count(&s, "loss", "events"), 1);
	cr_assert_eq(heap_totals(s.analysis->heap)->unseen_frees, 1);
	cr_assert_eq(heap_totals(s.analysis->heap)->live_bytes, 20);
}

static bool is_unproven(const struct live_block *blocks, size_t count, uint64_t address)
{
	for (size_t i = 0; i < count; i++)
		if (blocks[i].address == address)
			return blocks[i].unproven;
	cr_assert(false, "no block at %llx", (unsigned long long)address);
	return false;
}

Test(heap, what_was_allocated_after_a_loss_is_proven)
{
	struct live_block *blocks;
	uint64_t until;
	size_t count;

	s_malloc(1, 20, 0x1000, 10);
	s_malloc(2, 20, 0x2000, 10);
	script_loss(&s, 1, 5);
	until = s.now;
	s_malloc(2, 20, 0x3000, 10);
	script_event(&s, (struct event){.type = RT_REALLOC_BEGIN, .thread = 1, .object = 0x1000});
	script_event(&s, (struct event){.type = RT_REALLOC_END, .thread = 1, .stack = 20, .object = 0x4000, .size = 9});
	blocks = heap_live_blocks(s.analysis->heap, until, &count);
	cr_assert_eq(count, 3);
	cr_expect(is_unproven(blocks, count, 0x2000));
	cr_expect_not(is_unproven(blocks, count, 0x3000));
	cr_expect_not(is_unproven(blocks, count, 0x4000));
	free(blocks);
	blocks = heap_live_blocks(s.analysis->heap, 0, &count);
	cr_expect_not(is_unproven(blocks, count, 0x2000), "nothing is missing");
	free(blocks);
	blocks = heap_live_blocks(s.analysis->heap, UINT64_MAX, &count);
	cr_expect(is_unproven(blocks, count, 0x4000), "nothing is known");
	free(blocks);
	finish();
}

/* The stamps of some allocations are forgotten: then a block counts as older than it is, and never as younger. */
Test(heap, times_of_many_blocks)
{
	struct heap_times times = {0};
	uint64_t number;

	for (uint64_t i = 1; i <= 100000; i++)
		cr_assert_eq(heap_times_next(&times, 10 * i), i);
	for (uint64_t i = 1; i < 99900; i += 97) {
		cr_assert(heap_times_after(&times, 10 * i, &number));
		cr_assert_geq(number, i);
		cr_assert_lt(number, i + 64);
	}
	cr_assert_not(heap_times_after(&times, 1000001, &number));
	heap_times_keep(&times, 1000001);
	cr_assert(heap_times_after(&times, 1000001, &number));
	cr_assert_eq(number, 100000);
	times.allocations = UINT64_C(1) << 32;
	cr_assert_not(heap_times_after(&times, 10, &number), "blocks no longer tell their numbers");
	heap_times_free(&times);
}

/* Unproven leaks of one stack become one possible leak; what can be reached stays reachable, and what is proven stays
 * as it is. */
Test(heap, unproven_leaks_are_not_definite_after_a_loss)
{
	static const struct leak_group groups[] = {
	    {.class = LEAK_DEFINITE, .stack = 20, .owner_stack = 0, .blocks = 1, .bytes = 10, .unproven = true},
	    {.class = LEAK_INDIRECT, .stack = 20, .owner_stack = 21, .blocks = 2, .bytes = 200, .unproven = true},
	    {.class = LEAK_POSSIBLE, .stack = 20, .owner_stack = 0, .blocks = 1, .bytes = 1000, .unproven = true},
	    {.class = LEAK_REACHABLE, .stack = 20, .owner_stack = 0, .blocks = 1, .bytes = 5, .unproven = true},
	    {.class = LEAK_DEFINITE, .stack = 20, .owner_stack = 0, .blocks = 3, .bytes = 30},
	};
	struct leak_scan *scan = &s.analysis->scan;
	const struct finding *possible;

	s_malloc(1, 20, 0x1000, 10);
	script_loss(&s, 1, 5);
	scan->done = true;
	scan->count = sizeof groups / sizeof *groups;
	scan->groups = malloc(sizeof groups);
	memcpy(scan->groups, groups, sizeof groups);
	finish();
	cr_assert_eq(script_count(&s, "leak", NULL), 3);
	cr_assert_eq(script_count(&s, "leak", "reachable"), 1);
	cr_assert_eq(script_finding(&s, "leak", "definite", 0)->blocks, 3);
	possible = script_finding(&s, "leak", "possible", 0);
	cr_assert_eq(possible->bytes, 1210);
	cr_assert_eq(possible->blocks, 4);
	cr_assert_eq(possible->stack_count, 1);
	cr_assert_str_eq(possible->message,
	                 "1210 bytes in 4 blocks allocated here cannot be reached by a pointer to their "
	                 "start, as far as is known: events were lost");
}

static void lose(const struct leak_group *groups, size_t count)
{
	struct leak_scan *scan = &s.analysis->scan;

	scan->done = true;
	scan->count = count;
	scan->groups = malloc(count * sizeof *groups);
	memcpy(scan->groups, groups, count * sizeof *groups);
}

static void expect_leak(uint32_t stack, enum finding_course course, const char *message)
{
	for (size_t i = 0; i < s.analysis->findings->count; i++) {
		const struct finding *finding = &s.analysis->findings->items[i];

		if (finding->class != FINDING_LEAK_DEFINITE || finding->stacks[0].stack != stack)
			continue;
		cr_expect_eq(finding->course, course, "of stack %u", stack);
		cr_expect_str_eq(finding->message, message);
		return;
	}
	cr_expect_fail("no leak of stack %u", stack);
}

/* Stack 20 loses a block in each of 400 rounds, 21 three at first, 22 one, 23 one of two that live, 24 one at first and
 * one in the last rounds. */
Test(heap, counts_over_time_say_whether_a_leak_grows)
{
	static const struct leak_group groups[] = {
	    {.class = LEAK_DEFINITE, .stack = 20, .blocks = 400, .bytes = 4000, .cycle_blocks = 1},
	    {.class = LEAK_DEFINITE, .stack = 21, .blocks = 3, .bytes = 30, .cycle_blocks = 3},
	    {.class = LEAK_DEFINITE, .stack = 22, .blocks = 1, .bytes = 10},
	    {.class = LEAK_DEFINITE, .stack = 23, .blocks = 1, .bytes = 10},
	    {.class = LEAK_DEFINITE, .stack = 24, .blocks = 2, .bytes = 20},
	};

	for (uint32_t stack = 21; stack <= 24; stack++)
		s_malloc(1, stack, 0x1000 + stack * 0x100, 10);
	for (uint32_t i = 0; i < 2; i++)
		s_malloc(1, 21, 0x9000 + i * 0x100, 10);
	s_malloc(1, 23, 0xa000, 10);
	for (uint32_t i = 0; i < 400; i++) {
		s_malloc(1, 20, 0x100000 + i * 0x100, 10);
		s_malloc(1, 30, 0xb000, 10);
		s_free(1, 0xb000);
		if (i == 390)
			s_malloc(1, 24, 0xc000, 10);
	}
	lose(groups, sizeof groups / sizeof *groups);
	finish();
	expect_leak(20, COURSE_GROWING,
	            "4000 bytes in 400 blocks allocated here can no longer be reached; 1 of them is part of a cycle of "
	            "pointers; growing all along: 105, 211, 318, then 400 lost blocks");
	expect_leak(
	    21, COURSE_STEADY,
	    "30 bytes in 3 blocks allocated here can no longer be reached; each is part of a cycle of pointers; "
	    "their number did not grow in the last half of the run");
	expect_leak(22, COURSE_ONCE,
	            "10 bytes in 1 block allocated here can no longer be reached; allocated once in this run");
	expect_leak(23, COURSE_UNKNOWN, "10 bytes in 1 block allocated here can no longer be reached");
	expect_leak(24, COURSE_UNKNOWN, "20 bytes in 2 blocks allocated here can no longer be reached");
}

/* The gap begins after the lane's last event, not at the record that reports the loss. */
Test(heap, nothing_is_claimed_within_the_gap)
{
	s_malloc(1, 20, 0x1000, 10);
	s_free(1, 0x1000);
	s_free(2, 0x1000); /* thread 1 may have been given the address again */
	script_loss(&s, 1, 5);
	finish();
	cr_assert_eq(script_count(&s, "misuse", NULL), 0);
}

Test(heap, misuse_before_a_loss_stands)
{
	s_malloc(1, 20, 0x1000, 10);
	s_free(1, 0x1000);
	s_free(1, 0x1000);
	s_malloc(1, 20, 0x1000, 10);
	script_loss(&s, 1, 5);
	finish();
	cr_assert_eq(script_count(&s, "misuse", "double-free"), 1);
}

Test(heap, hostile_stack_ids_take_no_memory)
{
	s_malloc(1, 0xffffff, 0x1000, 10);
	s_malloc(0xffffffff, 0xfffffffe, 0x2000, 1ull << 55);
	s_free(0xffffffff, 0x2000);
	cr_assert_eq(finish()->allocations, 2);
}

Test(heap, samples_are_bounded_and_keep_the_peak)
{
	size_t count;
	const struct heap_sample *samples;
	uint64_t highest = 0;

	for (uint64_t i = 1; i <= 50000; i++) {
		s_malloc(1, 20, i * 32, i == 33333 ? 1000000 : 10);
		s_free(1, i * 32);
	}
	finish();
	samples = heap_samples(s.analysis->heap, &count);
	cr_assert_leq(count, 2049);
	cr_assert_geq(count, 1000);
	for (size_t i = 0; i < count; i++) {
		if (samples[i].live_bytes > highest)
			highest = samples[i].live_bytes;
		cr_assert(i == 0 || samples[i].stamp >= samples[i - 1].stamp);
	}
	cr_assert_eq(highest, 1000000);
	cr_assert_eq(samples[count - 1].live_bytes, 0);
}

/* Of many sites, those that held most at some moment have a curve, and it is exact at every look. */
Test(heap, levels_follow_the_largest_sites)
{
	uint64_t stamp = 0, looks = 0, large = 0, growing = 0;
	const struct heap_level *levels;
	size_t count;

	for (uint64_t i = 1; i <= 100000; i++) {
		s_malloc(1, (uint32_t)(30 + i % 500), i * 32, 10); /* many small sites */
		s_free(1, i * 32);
		if (i == 10)
			s_malloc(1, 20, 0x100000000, 1000000);
		if (i % 100 == 0)
			s_malloc(1, 21, 0x200000000 + i * 16, 100);
	}
	finish();
	levels = heap_levels(s.analysis->heap, &count);
	for (size_t i = 0; i < count; i++) {
		cr_assert_geq(levels[i].stamp, stamp, "looks are not in the order of time");
		stamp = levels[i].stamp;
		looks += !levels[i].site;
		if (levels[i].site && heap_site_stack(s.analysis->heap, levels[i].site - 1) == 20)
			large += levels[i].live_bytes == 1000000 && levels[i].live_blocks == 1;
		if (levels[i].site && heap_site_stack(s.analysis->heap, levels[i].site - 1) == 21) {
			cr_assert_geq(levels[i].live_bytes, growing, "the site only grows");
			growing = levels[i].live_bytes;
		}
	}
	cr_assert_leq(looks, 65);
	cr_assert_geq(looks, 16);
	cr_expect_geq(large, looks - 1);
	cr_expect_eq(growing, 100000);
	cr_assert_eq(levels[0].site, 0, "the process comes before its sites");
}

/* A peak that no look happens to meet is one of its own. */
Test(heap, levels_have_the_peak)
{
	const struct heap_level *levels;
	bool found = false;
	size_t count;

	for (uint64_t i = 1; i <= 5000; i++) {
		s_malloc(1, (uint32_t)(30 + i % 10), i * 32, i == 3333 ? 777777 : 10);
		s_free(1, i * 32);
	}
	finish();
	levels = heap_levels(s.analysis->heap, &count);
	for (size_t i = 0; i + 1 < count; i++)
		found |= !levels[i].site && levels[i].live_bytes == 777777 && levels[i + 1].live_bytes == 777777;
	cr_assert(found);
}

Test(heap, levels_of_a_few_events)
{
	const struct heap_level *levels;
	size_t count;

	s_malloc(1, 20, 0x1000, 16);
	s_malloc(1, 21, 0x2000, 48);
	finish();
	levels = heap_levels(s.analysis->heap, &count);
	cr_assert_eq(count, 6, "two looks, at the peak and at the end, are three rows each: %zu", count);
	for (size_t i = 0; i < count; i += 3) {
		cr_expect_eq(levels[i].live_bytes, 64);
		cr_expect_eq(levels[i + 1].live_bytes, 48);
		cr_expect_eq(levels[i + 2].live_bytes, 16);
	}
}

Test(heap, size_classes)
{
	const struct heap_size_class *classes;

	s_malloc(1, 20, 0x1000, 0);
	s_malloc(1, 20, 0x2000, 1);
	s_malloc(1, 20, 0x3000, 16);
	s_malloc(1, 20, 0x4000, 31);
	s_free(1, 0x3000);
	finish();
	classes = heap_size_classes(s.analysis->heap);
	cr_assert_eq(classes[0].allocations, 1);
	cr_assert_eq(classes[1].allocations, 1);
	cr_assert_eq(classes[5].allocations, 2);
	cr_assert_eq(classes[5].bytes, 47);
	cr_assert_eq(classes[5].live_bytes, 31);
}

Test(heap, threads_sum_up_to_the_process)
{
	size_t count;
	const struct heap_thread *threads;
	uint64_t peak = 0;

	s_malloc(1, 20, 0x1000, 10);
	s_malloc(2, 20, 0x2000, 20);
	s_free(2, 0x1000);
	finish();
	threads = heap_threads(s.analysis->heap, &count);
	cr_assert_eq(count, 2);
	for (size_t i = 0; i < count; i++)
		peak += threads[i].counts.peak_bytes;
	cr_assert_eq(peak, 30);
	cr_assert_eq(threads[0].thread, 1);
	cr_assert_eq(threads[0].counts.frees, 1);
}
