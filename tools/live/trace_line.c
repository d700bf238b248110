#include "tools/live/trace_line.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/analyse/locks/locks.h"
#include "tools/base/proc.h"
#include "tools/base/u64_map.h"

struct census {
	unsigned threads, running, io;
	unsigned blocked[RT_KIND_FUTEX + 1];
	uint64_t oldest; /* stamp of the oldest wait; 0: no thread waits */
};

static void count_wait(struct census *census, const struct living_thread *thread)
{
	census->blocked[thread->kind <= RT_KIND_FUTEX ? thread->kind : 0]++;
	if (!census->oldest || thread->since < census->oldest)
		census->oldest = thread->since;
}

/* A thread that sleeps in the kernel without a recorded wait counts as io: more is not known. */
static void count_task(struct census *census, const struct living_thread *thread, char state)
{
	census->threads++;
	if (thread && thread->waits && (state != 'R' || thread->kind == RT_KIND_SPIN))
		count_wait(census, thread);
	else if (state == 'R')
		census->running++;
	else
		census->io++;
}

static struct census take_census(const struct lock_analysis *locks, pid_t pid)
{
	struct census census = {0};
	struct u64_map by_tid = {0};
	size_t count, thread_count;
	struct process_task *tasks = process_tasks(pid, &count);
	struct living_thread *threads = locks_living_threads(locks, &thread_count);

	for (size_t i = 0; i < thread_count; i++)
		u64_map_put(&by_tid, threads[i].tid, i + 1);
	for (size_t i = 0; i < count; i++) {
		uint64_t found = u64_map_get(&by_tid, (uint64_t)tasks[i].inside);

		count_task(&census, found ? &threads[found - 1] : NULL, tasks[i].state);
	}
	u64_map_free(&by_tid);
	free(threads);
	free(tasks);
	return census;
}

/* Rare kinds are printed only if their number is not 0. */
static void print_blocked(FILE *out, const struct census *census)
{
	static const struct {
		const char *name;
		unsigned kind;
		bool always;
	} kinds[] = {
	    {"mutex", RT_KIND_MUTEX, true},      {"rwlock", RT_KIND_RWLOCK, true}, {"cond", RT_KIND_COND, true},
	    {"sem", RT_KIND_SEM, true},          {"join", RT_KIND_THREAD, true},   {"spin", RT_KIND_SPIN, false},
	    {"barrier", RT_KIND_BARRIER, false}, {"once", RT_KIND_ONCE, false},    {"futex", RT_KIND_FUTEX, false}};

	fputs("blocked{", out);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].always || census->blocked[kinds[i].kind])
			fprintf(out, "%s=%u ", kinds[i].name, census->blocked[kinds[i].kind]);
	fprintf(out, "io=%u}", census->io);
}

void trace_line_print(struct trace_line *line, struct recording *recording, uint64_t now)
{
	const struct lock_analysis *locks = recording->analysis->locks;
	const struct ring_file *ring = &recording->ring;
	struct census census;
	double oldest = 0, seconds = line->at ? (double)(now - line->at) / 1e9 : 0;
	uint64_t stamp = ring_file_now(ring), contentions;

	census = take_census(locks, ring->pid);
	contentions = locks_contentions(locks);
	if (census.oldest && stamp > census.oldest)
		oldest = (double)ring_file_ns(ring, stamp - census.oldest) / 1e9;
	fprintf(stderr, "ringtail: %u: threads=%u running=%u ", ring->header.pid, census.threads, census.running);
	print_blocked(stderr, &census);
	fprintf(stderr, " oldest=%.1fs contended/s=%.0f lost=%llu\n", oldest,
	        seconds > 0 ? (double)(contentions - line->contentions) / seconds : 0.0,
	        (unsigned long long)merge_totals(recording->merge).lost);
	line->at = now;
	line->contentions = contentions;
}
