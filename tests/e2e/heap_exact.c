/*
 * Programs that know their heap say so in their last line ("allocations=32 bytes=107276 ..."): the report
 * must say exactly the same, in both modes.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(heap_exact);

static const struct {
	const char *key, *path;
} numbers[] = {
    {"allocations", "heap.allocations"},
    {"bytes", "heap.allocated_bytes"},
    {"peak", "heap.peak_bytes"},
    {"live_blocks", "heap.live_at_end_blocks"},
    {"live_bytes", "heap.live_at_end_bytes"},
    {"temporary", "heap.temporary"},
    {"frees", "heap.frees"},
};

static bool told(const char *line, const char *key, long long *value)
{
	char wanted[32];
	const char *at;

	snprintf(wanted, sizeof wanted, "%s=", key);
	at = strstr(line, wanted);
	*value = at ? atoll(at + strlen(wanted)) : 0;
	return at;
}

static void expect_exact(enum mode mode, const char *program, int numbers_told)
{
	struct rt rt = rt_new();
	json_t *process;
	char exe[64];
	int compared = 0;

	rt_program(&rt, mode, program);
	snprintf(exe, sizeof exe, "%.*s", (int)strcspn(program, " "), program);
	process = rt_process(&rt, exe);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		long long said, reported;

		if (!told(rt.program.out, numbers[i].key, &said))
			continue;
		reported = json_number(process, numbers[i].path);
		cr_expect_eq(reported, said, "%s: %s is %lld, report has %lld", program, numbers[i].key, said,
		             reported);
		compared++;
	}
	cr_expect_eq(compared, numbers_told, "%s told %d numbers: %s", program, compared, rt.program.out);
	expect_sound_heap(process);
	cr_expect_eq(events_lost(rt.json), 0);
	rt_end(&rt);
}

/* HEAP(name, "command line", how many numbers its line tells) */
#define HEAP(name, line, told)                                                                                         \
	Test(heap_exact, name##_run) { expect_exact(MODE_RUN, line, told); }                                           \
	Test(heap_exact, name##_preload) { expect_exact(MODE_PRELOAD, line, told); }

HEAP(known_heap, "known_heap", 7)
HEAP(realloc_shapes, "realloc_shapes", 5)
HEAP(leak_simple, "leak_simple", 5)
HEAP(leak_one_line, "leak_one_line", 5)
HEAP(leak_list, "leak_list", 5)
HEAP(ten_million, "ten_million 100000", 6)
HEAP(killed, "killed", 4)
HEAP(many_killed, "killed 300000", 4)

#if defined(__x86_64__)
Test(heap_exact, known_heap_aarch64) { expect_exact(MODE_AARCH64, "known_heap", 7); }
#endif

/* Events that befall the ring's file, descriptors and the program's own files while it records. */
Test(heap_exact, ring_file_replaced) { expect_exact(MODE_PRELOAD, "ring_file replaced", 4); }
Test(heap_exact, ring_file_handler) { expect_exact(MODE_PRELOAD, "ring_file handler", 4); }
Test(heap_exact, ring_file_limited) { expect_exact(MODE_PRELOAD, "ring_file limited", 4); }
Test(heap_exact, ring_file_no_descriptors) { expect_exact(MODE_PRELOAD, "ring_file no_descriptors", 4); }
