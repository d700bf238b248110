/*
 * The usual path of an event takes no lock, no memory and no system call: when a program makes 990,000 more rounds of
 * malloc, lock, unlock and free, the system calls of its process, counted by strace, grow with the ring's chunks only:
 * by one for each, or, where it has one thread, by eight.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(system_calls);

#define FEW             10000L
#define MANY            1000000L
#define EVENTS_OF_ROUND 4
#define EVENT_BYTES     16
#define CHUNK_BYTES     65536
/* Calls that differ from run to run without ringtail, too: the allocator's arenas grow, threads wait for each other's
 * end. */
#define JITTER 24

struct calls {
	long chunk; /* a full chunk is moved out */
	long others;
};

/* By the mapping, or by the file (beside that: prlimit64, rt_sigprocmask twice, openat, newfstatat, pwrite64, close).
 */
static bool moves_chunk(const char *name) { return !strcmp(name, "process_vm_writev") || !strcmp(name, "pwritev"); }
#define OTHERS_BY_FILE 7

/* Lines of "calls name". */
static struct calls read_calls(const char *path)
{
	struct calls calls = {0, 0};
	char line[256], name[64];
	long count;
	FILE *file = fopen(path, "r");

	cr_assert(file, "strace has written nothing");
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, " %ld %63s", &count, name) != 2 || !strcmp(name, "total"))
			continue;
		*(moves_chunk(name) ? &calls.chunk : &calls.others) += count;
	}
	fclose(file);
	cr_assert_gt(calls.others, 0, "strace has counted nothing");
	return calls;
}

static struct calls count_calls(bool watched, long rounds, int threads)
{
	struct rt rt = rt_new();
	char out[RT_PATH + 32], preload[3 * RT_PATH] = "", line[6 * RT_PATH];

	snprintf(out, sizeof out, "%s/strace.txt", rt.root);
	if (watched)
		snprintf(preload, sizeof preload, "LD_PRELOAD=%s RINGTAIL=scan=no:run=%s", rt_built("libringtail.so"),
		         rt.run); /* no scan: it would add a process and a wait */
	snprintf(line, sizeof line, "strace -f -c -U calls,name -o %s env %s %s %ld %d", out, preload,
	         rt_built("programs/hot_loop"), rounds, threads);
	rt_program(&rt, MODE_BARE, line);
	cr_assert_eq(rt.program.status, 0, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	struct calls calls = read_calls(out);
	rt_end(&rt);
	return calls;
}

static void expect_few_calls(int threads, int others_of_chunk)
{
	struct calls few = count_calls(true, FEW, threads), many = count_calls(true, MANY, threads);
	long more_rounds = (MANY - FEW) * (threads ? threads : 1);
	long chunks = more_rounds * EVENTS_OF_ROUND * EVENT_BYTES / CHUNK_BYTES;
	long moved = many.chunk - few.chunk, others = many.others - few.others;

	cr_expect_leq(labs(others - others_of_chunk * moved), JITTER, "%ld system calls became %ld with %ld chunks",
	              few.others, many.others, moved);
	cr_expect_leq(moved, chunks + chunks / 10 + JITTER, "%ld copies of %ld chunks", moved, chunks);
	/* Fewer copies would mean that events were not recorded, or that strace did not see the copies. */
	cr_expect_geq(moved, chunks - chunks / 10, "%ld copies of %ld chunks", moved, chunks);
}

Test(system_calls, none_for_an_event_of_main_alone) { expect_few_calls(0, OTHERS_BY_FILE); }
Test(system_calls, none_for_an_event) { expect_few_calls(1, 0); }
Test(system_calls, none_for_an_event_of_four_threads) { expect_few_calls(4, 0); }

/* Without a reader each leak scan starts a process, which strace counts; only the scan at the end is left. */
Test(system_calls, no_leak_scan_before_an_exec_that_finds_nothing)
{
	struct rt rt = rt_new();
	char line[6 * RT_PATH], text[256] = "";

	snprintf(line, sizeof line,
	         "strace -f -c -e trace=clone,execve -U calls,errors,name -o %s/strace.txt env LD_PRELOAD=%s "
	         "RINGTAIL=run=%s %s",
	         rt.root, rt_built("libringtail.so"), rt.run, rt_built("programs/exec_not_there"));
	rt_program(&rt, MODE_BARE, line);
	cr_assert_eq(rt.program.status, 0, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	snprintf(line, sizeof line, "%s/strace.txt", rt.root);
	FILE *file = fopen(line, "r");
	cr_assert(file, "strace has written nothing");
	long clones = 0, count;
	while (fgets(text, sizeof text, file))
		if (strstr(text, " clone") && sscanf(text, " %ld", &count) == 1)
			clones += count;
	fclose(file);
	cr_expect_eq(clones, 1, "%ld processes were started to look at the heap", clones);
	rt_end(&rt);
}
