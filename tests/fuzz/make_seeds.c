/* Writes seeds into DIRECTORY/ring_file, cfi, sites and races: small rings that hold something of each kind, unwind
 * information that compilers made, a small program, and a race that was caught. */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/ring_builder.h"
#include "tools/races/races_file.h"

static struct ring_builder builder;

static void save(const char *directory, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/ring_file/%s.ring", directory, name);
	FILE *out = fopen(path, "w");
	if (!out || fwrite(builder.map, 1, builder.bytes, out) != builder.bytes || fclose(out)) {
		perror(path);
		exit(1);
	}
	ring_builder_remove(&builder);
}

static void heap(struct ring_lane *lane, uint32_t stack)
{
	for (uint64_t i = 0; i < 40; i++) {
		uint64_t block = 0x10000 + 64 * (i % 8), stamp = lane->last + 10;
		ring_lane_write(lane, stamp, RT_MALLOC + (unsigned)(i % 9), stack, 3,
		                rt_word1(block, i % 3 ? 32 : RT_SIZE_BIG), UINT64_C(70000) | UINT64_C(6) << 56);
		ring_lane_write(lane, stamp + 1, RT_REALLOC_BEGIN, stack, 2, rt_word1(block, 0), 0);
		ring_lane_write(lane, stamp + 2, RT_REALLOC_END, stack, 2, rt_word1(block, 48), 0);
		ring_lane_write(lane, stamp + 3, RT_FREE + (unsigned)(i % 3), stack, 2, rt_word1(block, 0), 0);
	}
}

static void locks(struct ring_lane *lane, uint32_t stack, uint64_t first, uint64_t second)
{
	unsigned mutex = rt_sync_aux(RT_KIND_MUTEX, 0, 0), cond = rt_sync_aux(RT_KIND_COND, 0, 0);
	uint64_t stamp = lane->last + 100;

	ring_lane_write(lane, stamp, RT_INIT, stack, 3, rt_word1(first, mutex), 0);
	ring_lane_write(lane, stamp + 1, RT_ACQUIRE, stack, 2, rt_word1(first, mutex), 0);
	ring_lane_write(lane, stamp + 2, RT_WAIT, stack, 2, rt_word1(second, mutex), 0);
	ring_lane_write(lane, stamp + 3, RT_ACQUIRE, stack, 2, rt_word1(second, mutex), 0);
	ring_lane_write(lane, stamp + 4, RT_COND_WAIT, stack, 3, rt_word1(0x9000, cond), second);
	ring_lane_write(lane, stamp + 5, RT_COND_WAKE, stack, 3, rt_word1(0x9000, cond), second);
	ring_lane_write(lane, stamp + 6, RT_RELEASE, stack, 2, rt_word1(second, mutex), 0);
	ring_lane_write(lane, stamp + 7, RT_RELEASE, stack, 2, rt_word1(first, mutex), 0);
	ring_lane_write(lane, stamp + 8, RT_DESTROY, stack, 2, rt_word1(first, mutex), 0);
}

static void threads(struct ring_lane *lane, uint32_t stack)
{
	uint64_t stamp = lane->last + 100;

	ring_lane_write(lane, stamp, RT_THREAD_CREATE, stack, 3, rt_word1(0x400000, 0), 2);
	ring_lane_write(lane, stamp + 1, RT_THREAD_CREATED, stack, 3, rt_word1(0x1002, 0), 2);
	ring_lane_write(lane, stamp + 2, RT_THREAD_NAME, 0, 4, rt_word1(0x1002, 0), 0x61626364);
	ring_lane_write(lane, stamp + 3, RT_WAIT, stack, 2, rt_word1(0x1002, rt_sync_aux(RT_KIND_THREAD, 0, 0)), 0);
	ring_lane_write(lane, stamp + 4, RT_JOINED, stack, 2, rt_word1(0x1002, 0), 0);
	ring_lane_write(lane, stamp + 5, RT_FORK, stack, 2, rt_word1(99, RT_FORK_FORK), 0);
	ring_lane_write(lane, stamp + 6, RT_LOSS, 0, 2, rt_word1(5, RT_LOSS_FULL), 0);
	ring_lane_write(lane, stamp + 7, 200, 0, 3, 1, 2);
	ring_lane_write(lane, stamp + 8, RT_EXIT, stack, 2, rt_word1(0, RT_END_EXIT), 0);
}

static void make(const char *directory, const char *name, bool with_heap, bool with_locks)
{
	struct ring_lane one, two;

	ring_builder_make(&builder, 4096, 4, true);
	uint32_t stack = ring_builder_stack(&builder, 12);
	ring_lane_start(&one, &builder, 1, 100);
	ring_lane_start(&two, &builder, 2, 150);
	ring_lane_thread(&one, 100, 1);
	ring_lane_thread(&two, 150, 2);
	if (with_heap)
		heap(&one, stack);
	if (with_locks) {
		locks(&one, stack, 0x5000, 0x6000);
		locks(&two, stack - 1, 0x6000, 0x5000);
	}
	threads(&one, stack);
	ring_lane_seal(&one);
	save(directory, name);
}

/* ---- unwind information: this program's, and the kernel's vDSO's, which has signal frames ---------------- */

#define CFI_BYTES 3000

/* As fuzz_cfi.c wants it: where the header stands, which address is looked up, and then the bytes. */
static void save_cfi(const char *directory, const char *name, const unsigned char *header, size_t bytes,
                     int32_t distance)
{
	char path[4096];
	uint32_t choice[4] = {0, (uint32_t)distance, 1, 0};

	snprintf(path, sizeof path, "%s/cfi/%s", directory, name);
	FILE *out = fopen(path, "w");
	if (!out || fwrite(choice, sizeof choice, 1, out) != 1 || fwrite(header, 1, bytes, out) != bytes ||
	    fclose(out)) {
		perror(path);
		exit(1);
	}
}

static void cfi_of(const char *directory, const char *object, const struct dl_phdr_info *info)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type != PT_GNU_EH_FRAME)
			continue;
		const unsigned char *header = (const unsigned char *)info->dlpi_addr + segment->p_vaddr;
		const int32_t *table = (const int32_t *)(header + 12);
		uint32_t count = ((const uint32_t *)header)[2];
		for (uint32_t entry = 0; entry < count && entry < 12; entry++) {
			char name[64];
			snprintf(name, sizeof name, "%s-%u", object, entry);
			save_cfi(directory, name, header, CFI_BYTES, table[2 * entry] + 5);
		}
	}
}

static int each_object(struct dl_phdr_info *info, size_t size, void *directory)
{
	(void)size;
	if (!*info->dlpi_name)
		cfi_of(directory, "program", info);
	else if (strstr(info->dlpi_name, "vdso"))
		cfi_of(directory, "vdso", info);
	return 0;
}

/* ---- a program: this one, as far as its code goes, which stands in front ------------------------------------ */

#define PROGRAM_BYTES 65536

static void save_program(const char *directory)
{
	static char bytes[PROGRAM_BYTES];
	char path[4096];
	FILE *in = fopen("/proc/self/exe", "r");
	size_t got = in ? fread(bytes, 1, sizeof bytes, in) : 0;

	snprintf(path, sizeof path, "%s/sites/program", directory);
	FILE *out = got ? fopen(path, "w") : NULL;
	if (!out || fwrite(bytes, 1, got, out) != got || fclose(out)) {
		perror(path);
		exit(1);
	}
	fclose(in);
}

/* ---- a race that was caught: the beginning of a .races file ------------------------------------------------- */

static void save_race(const char *directory)
{
	static struct races_file file = {.state = RACES_ENDED, .seed = 1, .share = 30, .count = 2};
	size_t bytes = offsetof(struct races_file, caught) + sizeof *file.caught;
	char path[4096];

	file.caught[0] =
	    (struct races_caught){.at_counter = 25, .times = 1, .value_bytes = 8, .value_address = 0x50040};
	for (unsigned i = 0; i < 2; i++)
		file.caught[0].sides[i] = (struct races_side){.pc = 0x1000 + i,
		                                              .address = 0x50040,
		                                              .size = 8,
		                                              .tid = 7 + i,
		                                              .frames = 3,
		                                              .stack = {0x2000, 0x3000, 0x4000},
		                                              .writes = 1};
	snprintf(path, sizeof path, "%s/races/caught", directory);
	FILE *out = fopen(path, "w");
	if (!out || fwrite(&file, 1, bytes, out) != bytes || fclose(out)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	make(argv[1], "heap", true, false);
	make(argv[1], "locks", false, true);
	make(argv[1], "threads", false, false);
	make(argv[1], "all", true, true);
	dl_iterate_phdr(each_object, argv[1]);
	save_program(argv[1]);
	save_race(argv[1]);
	return 0;
}
