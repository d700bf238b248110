/*
 * How long the distinct places of one program take to be named, and in how much memory: COUNT (100000) addresses,
 * spread evenly over the code of FILE, so that every part of its symbols and debug information is needed. usage:
 * bench_symbols FILE [COUNT]
 */
#include <elf.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/clock.h"
#include "tools/symbolize/symbolize.h"

#define MAX 66

struct code {
	uint64_t start, bytes; /* .text, or the executable segment if there are no sections */
};

static struct code largest_code(Elf *elf)
{
	struct code code = {0, 0};
	size_t segments = 0;

	elf_getphdrnum(elf, &segments);
	for (size_t i = 0; i < segments; i++) {
		GElf_Phdr segment;

		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD && segment.p_flags & PF_X &&
		    segment.p_filesz > code.bytes)
			code = (struct code){segment.p_vaddr, segment.p_filesz};
	}
	return code;
}

static bool look_at(const char *path, struct rt_module *module, struct code *code)
{
	const void *id = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	elf_version(EV_CURRENT);
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
	if (!elf || elf_kind(elf) != ELF_K_ELF || !realpath(path, module->path))
		return false;
	ssize_t length = dwelf_elf_gnu_build_id(elf, &id);
	if (length > 0 && length <= RT_BUILD_ID_MAX) {
		memcpy(module->build_id, id, (size_t)length);
		module->build_id_bytes = (uint64_t)length;
	}
	*code = largest_code(elf);
	elf_end(elf);
	close(fd);
	return code->bytes > 0;
}

struct counts {
	uint64_t functions, lines, frames;
};

static void resolve(struct symbolizer *symbolizer, const struct rt_module *module, uint64_t address,
                    struct counts *counts)
{
	struct symbol_frame frames[MAX];
	unsigned count = symbolizer_resolve(symbolizer, module, address, true, frames, MAX);

	counts->frames += count;
	counts->functions += frames[count - 1].function != NULL;
	counts->lines += frames[0].line > 0;
}

static double percent(uint64_t part, uint64_t whole) { return 100.0 * (double)part / (double)whole; }

int main(int argc, char **argv)
{
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
	struct rt_module module = {.state = 2};
	struct counts counts = {0, 0, 0};
	struct rusage usage;
	struct code code;

	if (argc < 2 || !count || !look_at(argv[1], &module, &code)) {
		fprintf(stderr, "usage: bench_symbols FILE [COUNT]: FILE is a program or library\n");
		return 64;
	}
	struct symbolizer *symbolizer = symbolizer_new();
	uint64_t start = ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID), first = 0;
	for (uint64_t i = 0; i < count; i++) {
		resolve(symbolizer, &module, code.start + (uint64_t)((double)code.bytes / (double)count * (double)i),
		        &counts);
		first = first ? first : ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	}
	uint64_t end = ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	symbolizer_free(symbolizer);
	getrusage(RUSAGE_SELF, &usage);
	printf("%s: %llu addresses in %.2f s of processor time (%.2f s until the first), %ld MiB; %.1f %% with a "
	       "function, %.1f %% with a "
	       "line, %.2f frames each\n",
	       argv[1], (unsigned long long)count, (double)(end - start) / 1e9, (double)(first - start) / 1e9,
	       usage.ru_maxrss / 1024, percent(counts.functions, count), percent(counts.lines, count),
	       (double)counts.frames / (double)count);
	return 0;
}
