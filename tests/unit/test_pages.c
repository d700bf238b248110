/* Which pages of a process exist, by each interface that kernels have, and what is read of them.  The process is this
 * one. */
#include "tools/target/target.h" /* first: sys/mman.h has a MAP_FILE of its own */

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096u
#define COUNT 64u

TestSuite(pages);

/* Pages 3, 4, 5 and 10 of COUNT, of which the last has no rights now. */
static unsigned char *make_memory(int sharing)
{
	unsigned char *memory = mmap(NULL, COUNT * PAGE, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(memory, MAP_FAILED);
	madvise(memory, COUNT * PAGE, MADV_NOHUGEPAGE);
	memset(memory + 3 * PAGE, 3, 3 * PAGE);
	memory[10 * PAGE] = 10;
	cr_assert_eq(mprotect(memory + 10 * PAGE, PAGE, PROT_NONE), 0);
	return memory;
}

static struct pages list(const unsigned char *memory, bool shared, bool entries, bool own_alone)
{
	struct target_map map = {.start = (uintptr_t)memory,
	                         .end = (uintptr_t)memory + COUNT * PAGE,
	                         .shared = shared,
	                         .kind = MAP_ANONYMOUS_MEMORY};
	struct pages pages;

	pages_open(&pages, getpid());
	pages.no_scan = entries;
	pages.own_alone = own_alone;
	pages_list(&pages, &map, 1);
	return pages;
}

static void expect_pages(int sharing, bool entries, bool own_alone)
{
	unsigned char *memory = make_memory(sharing), copy[COUNT * PAGE];
	struct pages pages = list(memory, sharing == MAP_SHARED, entries, own_alone);

	cr_assert_eq(pages.count, 2);
	cr_expect_eq(pages.ranges[0].start, (uintptr_t)memory + 3 * PAGE);
	cr_expect_eq(pages.ranges[0].end, (uintptr_t)memory + 6 * PAGE);
	cr_expect_eq(pages.ranges[1].start, (uintptr_t)memory + 10 * PAGE);
	cr_expect_eq(pages.ranges[1].end, (uintptr_t)memory + 11 * PAGE);
	memset(copy, 1, sizeof copy);
	pages_read(&pages, (uintptr_t)memory, copy, sizeof copy);
	for (unsigned i = 0; i < COUNT; i++)
		cr_expect_eq(copy[i * PAGE], i >= 3 && i <= 5 ? 3 : i == 10 ? 10 : 0, "page %u", i);
	cr_expect_eq(pages.unread, 0);
	pages_close(&pages);
	munmap(memory, COUNT * PAGE);
}

Test(pages, private_by_scan) { expect_pages(MAP_PRIVATE, false, false); }
Test(pages, private_by_entries) { expect_pages(MAP_PRIVATE, true, false); }
Test(pages, private_of_this_process_alone) { expect_pages(MAP_PRIVATE, false, true); }
Test(pages, shared_by_scan) { expect_pages(MAP_SHARED, false, false); }
Test(pages, shared_by_entries) { expect_pages(MAP_SHARED, true, false); }
Test(pages, shared_with_all) { expect_pages(MAP_SHARED, false, true); }

/* Pages that the parent still shares are left out; pages that were written since are not. */
Test(pages, a_forked_child_has_what_it_wrote)
{
	unsigned char *memory = make_memory(MAP_PRIVATE);
	pid_t child = fork();

	if (!child) {
		memory[4 * PAGE] = 44;
		struct pages pages = list(memory, false, false, true);
		_exit(pages.count == 1 && pages.ranges[0].start == (uintptr_t)memory + 4 * PAGE &&
		      pages.ranges[0].end == (uintptr_t)memory + 5 * PAGE);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 1 << 8);
	munmap(memory, COUNT * PAGE);
}

/* Half a terabyte without access rights takes no time if it is empty; if it has pages, these are read. */
Test(pages, vast_and_without_rights, .timeout = 30)
{
	size_t bytes = (size_t)1 << 39;
	unsigned char *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct target_map map = {
	    .start = (uintptr_t)memory, .end = (uintptr_t)memory + bytes, .kind = MAP_ANONYMOUS_MEMORY};
	struct pages pages;

	if (memory == MAP_FAILED)
		cr_skip_test("no address space for it");
	for (int entries = 0; entries < 2; entries++) {
		pages_open(&pages, getpid());
		pages.no_scan = entries;
		pages_list(&pages, &map, 1);
		cr_expect_eq(pages.count, 0);
		pages_close(&pages);
	}
	munmap(memory, bytes);
}

/* Without /proc/PID/mem: no page without rights is read, and that is counted. */
Test(pages, by_process_vm_readv)
{
	unsigned char *memory = make_memory(MAP_PRIVATE), copy[COUNT * PAGE];
	struct pages pages = list(memory, false, false, false);

	close(pages.memory);
	pages.memory = -1;
	pages_read(&pages, (uintptr_t)memory, copy, sizeof copy);
	cr_expect_eq(copy[5 * PAGE], 3);
	cr_expect_eq(copy[10 * PAGE], 0);
	cr_expect_eq(pages.unread, PAGE);
	pages_close(&pages);
	munmap(memory, COUNT * PAGE);
}
