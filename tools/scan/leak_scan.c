#include "tools/scan/leak_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim/atomics.h"
#include "shim/format.h"
#include "tools/base/u64_map.h"
#include "tools/base/memory.h"
#include "tools/base/proc.h"
#include "tools/scan/allocator_memory.h"
#include "tools/scan/classes.h"
#include "tools/scan/race_tracer.h"
#include "tools/base/clock.h"

#define QUIET_TRIES 50u
#define BLOCKS_MOST EDGE_INTERIOR

void leak_scan_free(struct leak_scan *scan)
{
	free(scan->groups);
	*scan = (struct leak_scan){0};
}

static uint64_t deliver_rest(const struct scan_subject *subject)
{
	return merge_rest(subject->merge, subject->knowledge->deliver, subject->context);
}

/* ---- the process, stopped --------------------------------------------------------------------- */

/* A thread that is stopped while it writes a record may have done already what the record will say.  A thread that is
 * stopped within realloc may have its block in two places.  False: let the process go on for a moment. */
static bool is_settled(const struct scan_subject *subject)
{
	if (!merge_is_quiet(subject->merge))
		return false;
	deliver_rest(subject);
	return subject->knowledge->is_settled(subject->context);
}

static void count_pause(struct leak_scan *scan, const struct target *target)
{
	scan->pause_ns += ring_clock_ns(CLOCK_MONOTONIC) - target->since;
}

static const char *why_not_seen(const struct scan_subject *subject)
{
	if (!process_can_see())
		return "/proc is missing where ringtail runs, or is that of another PID namespace: mount /proc there";
	if (!subject->ring->pid)
		return "it runs in a PID namespace that ringtail cannot see from its own: start `ringtail run` outside "
		       "of that "
		       "namespace, or in it";
	return NULL;
}

/* A forked process that has not forked itself shares only pages that its parent wrote: no pointer in them leads to a
 * block of its own. */
static bool shares_only_its_parents(const struct scan_subject *subject)
{
	const struct rt_header *header = &subject->ring->header;
	uint64_t forks = subject->knowledge->forks(subject->context);

	return header->forked && !forks && !merge_misses_events(subject->merge) &&
	       !process_has_children(subject->ring->pid);
}

static bool stop(struct target *target, const struct scan_subject *subject, struct leak_scan *scan)
{
	*target = (struct target){0};
	const char *why_unseen = why_not_seen(subject);
	if (why_unseen) {
		snprintf(scan->why_not, sizeof scan->why_not, "%s", why_unseen);
		return false;
	}
	race_tracer_end(subject->ring);
	if (!target_stop(target, subject->ring->pid, scan->why_not))
		return false;
	for (unsigned tries = 0; !is_settled(subject) && tries < QUIET_TRIES; tries++) {
		count_pause(scan, target);
		if (!target_stop_again(target, scan->why_not))
			return false;
	}
	deliver_rest(subject);
	target->own_alone = shares_only_its_parents(subject);
	if (target_snapshot(target, scan->why_not))
		return true;
	target_resume(target);
	return false;
}

/* Drops blocks at addresses where the program has no memory. */
static size_t drop_unmapped(const struct target *target, struct live_block *blocks, size_t count)
{
	const struct target_map *map = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t address = blocks[i].address;
		if (!map || address < map->start || address >= map->end)
			map = target_map_at(target, address);
		if (!map)
			continue;
		blocks[kept] = blocks[i];
		if (blocks[kept].size > (UINT64_C(1) << 46))
			blocks[kept].size = map->end - address;
		kept++;
	}
	return kept;
}

static struct root_thread *threads_of(const struct scan_subject *subject, size_t *count)
{
	const struct thread_result *threads = subject->knowledge->threads(subject->context, count);
	struct root_thread *list = memory_zeroed(*count + 1, sizeof *list);

	for (size_t i = 0; i < *count; i++)
		list[i] = (struct root_thread){.pthread = threads[i].pthread,
		                               .ended = threads[i].ended != 0,
		                               .gone = threads[i].joined || threads[i].detached};
	return list;
}

/* The innermost frames of the thread that waits for this scan are the shim's: they are left out. */
static void leave_waiting_frames(struct target *target, const struct ring_file *ring)
{
	const struct rt_header *shared = ring->shared;
	uint64_t sp = load_relaxed(&shared->scan_sp);
	pid_t waiting = (pid_t)load_relaxed(&shared->scan_tid);

	for (size_t i = 0; i < target->thread_count && load_acquire(&shared->scan_state) == RT_SCAN_TAKEN; i++) {
		struct target_thread *thread = &target->threads[i];
		const struct target_map *map = target_map_at(target, thread->sp);
		pid_t tid = ring_file_is_elsewhere(ring) ? process_inside(target->pid, thread->tid) : thread->tid;
		if (tid != waiting || !map || sp < thread->sp || sp >= map->end)
			continue;
		thread->sp = sp;
		thread->own_frames = true;
		for (unsigned k = 0; k < RT_SCAN_REGISTERS; k++)
			thread->registers[k] = load_relaxed(&shared->scan_registers[k]);
		thread->register_count = RT_SCAN_REGISTERS;
	}
}

static bool read_graph(struct graph *graph, struct target *target, struct live_block *blocks, size_t count,
                       const struct scan_subject *subject, const struct scan_tick *tick)
{
	const char *slash = strrchr(subject->ring->path, '/');
	struct root_request roots = {
	    .target = target,
	    .ring_name = slash ? slash + 1 : subject->ring->path,
	    .brk_start = load_relaxed(&subject->ring->shared->brk_start),
	    .brk_end = load_relaxed(&subject->ring->shared->brk_end),
	    .own = load_acquire(&subject->ring->shared->own),
	    /* The heap has blocks that are not known here, and they may point to known blocks. */
	    .heap_is_root = ring_file_has_early_blocks(subject->ring) || merge_misses_events(subject->merge),
	};
	struct root_thread *threads = threads_of(subject, &roots.thread_count);
	struct allocator_memory memory = {0};

	if (!roots.heap_is_root)
		allocator_memory_find(&memory, subject, target, blocks, count);
	roots.allocator = &memory;
	roots.threads = threads;
	leave_waiting_frames(target, subject->ring);
	bool good = graph_read(graph, target, blocks, drop_unmapped(target, blocks, count), &roots, tick);
	free(threads);
	allocator_memory_free(&memory);
	return good;
}

/* ---- groups ------------------------------------------------------------------------------------- */

static uint64_t group_key(const struct live_block *block, uint32_t owner)
{
	return (uint64_t)block->class << 62 | (uint64_t)block->unproven << 61 | (uint64_t)block->site << 31 | owner;
}

/* The group of a block, still without blocks. */
static struct leak_group group_of(const struct live_block *block, uint32_t owner, const struct held_sites *held,
                                  const struct scan_subject *subject)
{
	bool indirect = block->class == LEAK_INDIRECT;
	const struct held_site *at = block->class == LEAK_REACHABLE ? offsets_of(held, block->site) : NULL;
	struct leak_group group = {.class = block->class,
	                           .unproven = block->unproven,
	                           .stack = subject->knowledge->site_stack(subject->context, block->site),
	                           .owner_stack = indirect ? subject->knowledge->site_stack(subject->context, owner)
	                                                   : RT_STACK_NONE};

	if (at && at->blocks) {
		group.held_blocks = at->blocks;
		group.held_at = at->offset;
	}
	return group;
}

static void make_groups(struct leak_scan *scan, const struct live_block *blocks, size_t count, const uint32_t *owners,
                        const struct held_sites *held, const struct scan_subject *subject)
{
	struct u64_map by_key = {0};

	for (size_t i = 0; i < count; i++) {
		const struct live_block *block = &blocks[i];
		bool indirect = block->class == LEAK_INDIRECT;
		uint32_t owner = indirect ? blocks[owners[i]].site : 0;
		uint64_t key = group_key(block, owner) + 1, found = u64_map_get(&by_key, key);

		if (!found) {
			GROW(scan->groups, scan->room, scan->count + 1);
			scan->groups[scan->count] = group_of(block, owner, held, subject);
			found = ++scan->count;
			u64_map_put(&by_key, key, found);
		}
		scan->groups[found - 1].blocks++;
		scan->groups[found - 1].bytes += block->size;
		scan->groups[found - 1].cycle_blocks += block->class == LEAK_DEFINITE && block->in_cycle;
	}
	u64_map_free(&by_key);
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void too_long(struct leak_scan *scan)
{
	snprintf(scan->why_not, sizeof scan->why_not, "it took longer than --scan-wait allows: raise --scan-wait");
}

/* What a library's constructors free unseen where the allocator is in front (RT_UNSEEN_HEAP) is known by records that
 * may be missing too: no block is proven then. */
static uint64_t missing_until(const struct scan_subject *subject)
{
	uint64_t until = merge_missing_until(subject->merge);

	return until && load_relaxed(&subject->ring->shared->heap_in_front) ? UINT64_MAX : until;
}

static void read_stopped(struct leak_snapshot *snapshot, struct leak_scan *scan, struct target *target,
                         const struct scan_subject *subject, const struct scan_tick *tick)
{
	size_t count;

	if (tick) /* the time limit starts here */
		tick->call(tick->context);
	snapshot->blocks = subject->knowledge->live_blocks(subject->context, missing_until(subject), &count);
	if (count >= BLOCKS_MOST)
		snprintf(scan->why_not, sizeof scan->why_not, "it has more live blocks than the leak scan can number");
	else if (!read_graph(&snapshot->graph, target, snapshot->blocks, count, subject, tick))
		too_long(scan);
	else if (!target_is_stopped(target))
		snprintf(scan->why_not, sizeof scan->why_not, "it was killed during the leak scan");
	else
		snapshot->complete = true;
	scan->unread = target_unread(target);
}

/* True for a process without live blocks whose only thread waits for this scan.  It need not be stopped: all its events
 * are published. */
static bool has_nothing_left(const struct scan_subject *subject)
{
	const struct rt_header *shared = subject->ring->shared;
	struct process_stat stat;

	if (load_acquire(&shared->scan_state) != RT_SCAN_TAKEN || !process_stat(subject->ring->pid, 0, &stat) ||
	    stat.threads != 1 || !is_settled(subject))
		return false;
	return !subject->knowledge->live_count(subject->context);
}

struct snapshot_request {
	struct leak_snapshot *snapshot;
	struct leak_scan *scan;
	const struct scan_subject *subject;
	const struct scan_tick *tick;
};

static void stop_and_read(void *context)
{
	const struct snapshot_request *request = context;
	struct target target;

	if (stop(&target, request->subject, request->scan)) {
		read_stopped(request->snapshot, request->scan, &target, request->subject, request->tick);
		target_resume(&target);
		count_pause(request->scan, &target);
	}
	target_free(&target);
}

bool leak_scan_snapshot(struct leak_snapshot *snapshot, struct leak_scan *scan, const struct scan_subject *subject,
                        const struct scan_tick *tick)
{
	struct snapshot_request request = {snapshot, scan, subject, tick};

	*snapshot = (struct leak_snapshot){.since = ring_clock_ns(CLOCK_MONOTONIC)};
	*scan = (struct leak_scan){.tried = true};
	if (has_nothing_left(subject))
		return snapshot->complete = true;
	if (subject->alone)
		stop_and_read(&request);
	else
		target_in_thread(stop_and_read, &request);
	scan->whole_ns = ring_clock_ns(CLOCK_MONOTONIC) - snapshot->since;
	return snapshot->complete;
}

void leak_scan_conclude(struct leak_snapshot *snapshot, struct leak_scan *scan, const struct scan_subject *subject,
                        const struct scan_tick *tick)
{
	bool nothing = snapshot->complete && !snapshot->graph.index.count;
	struct held_sites held = {0};
	uint32_t *owners = snapshot->complete && !nothing ? classes_find(&snapshot->graph, &held, tick) : NULL;

	if (nothing) {
		scan->done = true;
	} else if (owners) {
		make_groups(scan, snapshot->blocks, snapshot->graph.index.count, owners, &held, subject);
		scan->done = true;
	} else if (snapshot->complete) {
		too_long(scan);
	}
	free(owners);
	held_sites_free(&held);
	scan->whole_ns = ring_clock_ns(CLOCK_MONOTONIC) - snapshot->since;
}

void leak_snapshot_free(struct leak_snapshot *snapshot)
{
	graph_free(&snapshot->graph);
	free(snapshot->blocks);
	*snapshot = (struct leak_snapshot){0};
}

void leak_scan_run(struct leak_scan *scan, const struct scan_subject *subject, const struct scan_tick *tick)
{
	struct leak_snapshot snapshot;

	leak_scan_snapshot(&snapshot, scan, subject, tick);
	leak_scan_conclude(&snapshot, scan, subject, tick);
	leak_snapshot_free(&snapshot);
}

/* ---- kept beside the ring ------------------------------------------------------------------------ */

#define SCAN_MAGIC  "ringtail scan 4"
#define GROUPS_MOST (1u << 24)

char *leak_scan_path(const char *ring_path) { return ring_file_beside(ring_path, ".scan"); }

static void write_all(const struct leak_scan *scan, FILE *file)
{
	fprintf(file, "%s\n%d %" PRIu64 " %" PRIu64 " %zu %" PRIu64 "\n%s\n", SCAN_MAGIC, scan->done, scan->pause_ns,
	        scan->whole_ns, scan->count, scan->unread, scan->why_not);
	for (size_t i = 0; i < scan->count; i++) {
		const struct leak_group *group = &scan->groups[i];
		fprintf(file,
		        "%u %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %" PRIu64 "\n",
		        (unsigned)group->class, group->stack, group->owner_stack, group->blocks, group->bytes,
		        group->held_blocks, group->held_at, group->unproven, group->cycle_blocks);
	}
}

static int close_written(FILE *file)
{
	int error = fflush(file) ? errno : ferror(file) ? EIO : 0;

	return fclose(file) && !error ? errno : error;
}

/* Writes the file under another name first, so that a reader finds either the complete file or none.  A file of that
 * name is left over from a tool that was killed. */
int leak_scan_write(const struct leak_scan *scan, const char *path)
{
	char *part = NULL;

	if (asprintf(&part, "%s.part", path) < 0)
		return ENOMEM;
	remove(part);
	FILE *file = fopen(part, "wxe");
	int error = file ? 0 : errno;
	if (file) {
		write_all(scan, file);
		error = close_written(file);
		if (!error && rename(part, path))
			error = errno;
		if (error)
			remove(part);
	}
	free(part);
	return error;
}

static bool read_group(FILE *file, struct leak_group *group)
{
	char line[224];
	unsigned class, unproven = 1; /* in older files that is not known */

	if (!fgets(line, sizeof line, file) ||
	    sscanf(line, "%u %" SCNu32 " %" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %u %" SCNu64,
	           &class, &group->stack, &group->owner_stack, &group->blocks, &group->bytes, &group->held_blocks,
	           &group->held_at, &unproven, &group->cycle_blocks) < 5)
		return false;
	group->class = (enum leak_class) class;
	group->unproven = unproven != 0;
	return class < LEAK_CLASSES && group->stack <= RT_STACK_MAX && group->owner_stack <= RT_STACK_MAX;
}

/* Groups of files of version 1 do not have what is held at an offset, those of 2 not what is unproven, and those of 3
 * no cycles. */
static bool is_known(const char *magic)
{
	static const char *const earlier[] = {"ringtail scan 1\n", "ringtail scan 2\n", "ringtail scan 3\n"};

	for (size_t i = 0; i < sizeof earlier / sizeof *earlier; i++)
		if (!strcmp(magic, earlier[i]))
			return true;
	return !strcmp(magic, SCAN_MAGIC "\n");
}

/* Files of older versions do not have the amount that could not be read. */
static bool read_head(struct leak_scan *scan, FILE *file, int *done, size_t *count)
{
	char magic[sizeof SCAN_MAGIC + 1], numbers[128];

	return fgets(magic, sizeof magic, file) && is_known(magic) && fgets(numbers, sizeof numbers, file) &&
	       strchr(numbers, '\n') &&
	       sscanf(numbers, "%d %" SCNu64 " %" SCNu64 " %zu %" SCNu64, done, &scan->pause_ns, &scan->whole_ns, count,
	              &scan->unread) >= 4 &&
	       fgets(scan->why_not, sizeof scan->why_not, file) && *count <= GROUPS_MOST;
}

static bool read_all(struct leak_scan *scan, FILE *file)
{
	int done;
	size_t count;

	if (!read_head(scan, file, &done, &count))
		return false;
	scan->why_not[strcspn(scan->why_not, "\n")] = '\0';
	for (scan->count = 0; scan->count < count; scan->count++) {
		GROW(scan->groups, scan->room, scan->count + 1);
		scan->groups[scan->count] = (struct leak_group){0};
		if (!read_group(file, &scan->groups[scan->count]))
			return false;
	}
	scan->done = done == 1;
	scan->tried = true;
	return true;
}

bool leak_scan_read(struct leak_scan *scan, const char *path)
{
	FILE *file = fopen(path, "re");

	*scan = (struct leak_scan){0};
	bool good = file && read_all(scan, file);
	if (file)
		fclose(file);
	if (!good)
		leak_scan_free(scan);
	return good;
}
