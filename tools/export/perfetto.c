/*
 * The trace format of Perfetto, for ui.perfetto.dev and trace_processor: a timeline.
 *
 * Each thread has a track with its life and, in it, its waits.  The locks that it holds are on tracks below, because
 * holds need not nest.  Each process has counters of its live memory.  Packets are written one by one: a Trace message
 * consists of packets alone.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "perfetto.pb-c.h"
#include "tools/export/export.h"
#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/query/lock_kinds.h"

#define SEQUENCE    1 /* trusted_packet_sequence_id: all packets come from one writer */
#define NOTES_MOST  4
#define LANES_MOST  16 /* tracks for locks that a thread holds at a time; more locks are left out */
#define NANOSECONDS 1e9

struct interval {
	int64_t thread, other, stack, address, began, ended; /* nanoseconds since the process started */
	bool hold;
	char kind[16];
};

struct timeline {
	struct export *export;
	struct query *query;
	struct samples *samples;
	const struct process *process;
	uint8_t *buffer;
	size_t room;
	uint64_t tracks, process_track;
	int64_t started; /* nanoseconds since 1970 */
	struct interval *intervals;
	size_t count, interval_room, next; /* next: the first one whose thread has not been written yet */
	uint64_t left_out;
	char *stack_text;
	size_t stack_bytes;
};

struct note {
	const char *name, *text;
};

/* ---- packets ------------------------------------------------------------------------- */

static void put(struct timeline *timeline, Perfetto__TracePacket *packet)
{
	Perfetto__Trace trace = PERFETTO__TRACE__INIT;
	size_t bytes;

	packet->has_trusted_packet_sequence_id = true;
	packet->trusted_packet_sequence_id = SEQUENCE;
	trace.n_packet = 1;
	trace.packet = &packet;
	bytes = perfetto__trace__get_packed_size(&trace);
	GROW(timeline->buffer, timeline->room, bytes);
	perfetto__trace__pack(&trace, timeline->buffer);
	fwrite(timeline->buffer, 1, bytes, timeline->export->out);
}

/* Gives the track its number. */
static uint64_t put_track(struct timeline *timeline, Perfetto__TrackDescriptor *track, uint64_t parent)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	track->has_uuid = true;
	track->uuid = ++timeline->tracks;
	track->has_parent_uuid = parent != 0;
	track->parent_uuid = parent;
	packet.track_descriptor = track;
	put(timeline, &packet);
	return track->uuid;
}

static void put_event(struct timeline *timeline, int64_t at, Perfetto__TrackEvent *event)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	packet.has_timestamp = true;
	packet.timestamp = (uint64_t)(timeline->started + at);
	packet.track_event = event;
	event->has_type = event->has_track_uuid = true;
	put(timeline, &packet);
}

static void begin_slice(struct timeline *timeline, uint64_t track, int64_t at, const char *category, const char *name,
                        const struct note *notes)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;
	Perfetto__DebugAnnotation annotations[NOTES_MOST], *list[NOTES_MOST];

	for (; notes && event.n_debug_annotations < NOTES_MOST && notes->name; notes++) {
		if (!notes->text || !*notes->text)
			continue;
		Perfetto__DebugAnnotation *annotation = &annotations[event.n_debug_annotations];

		perfetto__debug_annotation__init(annotation);
		annotation->name = (char *)(uintptr_t)notes->name;
		annotation->string_value = (char *)(uintptr_t)notes->text;
		list[event.n_debug_annotations++] = annotation;
	}
	event.debug_annotations = list;
	event.type = PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN;
	event.track_uuid = track;
	event.n_categories = 1;
	event.categories = (char **)(uintptr_t)&category;
	event.name = (char *)(uintptr_t)name;
	put_event(timeline, at, &event);
}

static void end_slice(struct timeline *timeline, uint64_t track, int64_t at)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;

	event.type = PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_END;
	event.track_uuid = track;
	put_event(timeline, at, &event);
}

static void put_slice(struct timeline *timeline, uint64_t track, int64_t from, int64_t to, const char *category,
                      const char *name, const struct note *notes)
{
	begin_slice(timeline, track, from, category, name, notes);
	end_slice(timeline, track, to);
}

static void put_counter(struct timeline *timeline, uint64_t track, int64_t at, int64_t value)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;

	event.type = PERFETTO__TRACK_EVENT__TYPE__TYPE_COUNTER;
	event.track_uuid = track;
	event.has_counter_value = true;
	event.counter_value = value;
	put_event(timeline, at, &event);
}

/* ---- what is on them -------------------------------------------------------------------- */

static int64_t nanoseconds(double seconds) { return (int64_t)(seconds * NANOSECONDS + 0.5); }

/* The stack as "function (file:line)" lines, innermost first; valid until the next call. */
static const char *stack_text(struct timeline *timeline, int64_t stack)
{
	const struct places *places = &timeline->samples->places;
	uint32_t *found = timeline->samples->found;
	unsigned count = stacks_places(&timeline->samples->stacks, &timeline->samples->places, stack, found);
	FILE *out;

	free(timeline->stack_text);
	timeline->stack_text = NULL;
	out = open_memstream(&timeline->stack_text, &timeline->stack_bytes);
	for (unsigned i = 0; out && i < count; i++) {
		const struct place *place = &places->items[found[i] - 1];

		for (uint32_t k = 0; k < place->count; k++) {
			const struct place_line *line = &places->lines[place->first + k];
			const struct function *function = &places->functions[line->function];

			fprintf(out, "%s", places_text(places, function->name));
			if (function->file)
				fprintf(out, " (%s:%u)", base_name(places_text(places, function->file)), line->line);
			fputc('\n', out);
		}
	}
	if (out)
		fclose(out);
	return timeline->stack_text;
}

static void put_interval(struct timeline *timeline, uint64_t track, const struct interval *interval)
{
	char name[64], lock[32], other[32] = "";
	const struct note notes[] = {{"lock", lock},
	                             {"waited for", other},
	                             {interval->hold ? "taken at" : "waited at", stack_text(timeline, interval->stack)},
	                             {NULL, NULL}};

	snprintf(name, sizeof name, "%s %s", interval->hold ? "hold" : "wait for", interval->kind);
	snprintf(lock, sizeof lock, "0x%" PRIx64, (uint64_t)interval->address);
	if (interval->other)
		snprintf(other, sizeof other, "thread %" PRId64, interval->other);
	put_slice(timeline, track, interval->began, interval->ended, interval->hold ? "hold" : "wait", name, notes);
}

/* Times of the thread within the process. */
struct life {
	int64_t began, ended;
};

static bool clip(struct interval *interval, const struct life *life, int64_t not_before)
{
	if (interval->began < not_before)
		interval->began = not_before;
	if (interval->ended > life->ended)
		interval->ended = life->ended;
	return interval->began <= interval->ended;
}

/* Waits of a thread follow each other. */
static int64_t put_waits(struct timeline *timeline, uint64_t track, int64_t thread, const struct life *life)
{
	int64_t last = life->began;

	for (; timeline->next < timeline->count; timeline->next++) {
		struct interval *wait = &timeline->intervals[timeline->next];

		if (wait->thread != thread || wait->hold)
			break;
		if (!clip(wait, life, last))
			continue;
		put_interval(timeline, track, wait);
		last = wait->ended;
	}
	return last;
}

static uint64_t hold_track(struct timeline *timeline, uint64_t thread_track)
{
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;

	track.name = (char *)(uintptr_t) "held locks";
	return put_track(timeline, &track, thread_track);
}

/* Puts each hold on the first track that is free at the time. */
static void put_holds(struct timeline *timeline, uint64_t thread_track, int64_t thread, const struct life *life)
{
	struct {
		uint64_t track;
		int64_t until;
	} lanes[LANES_MOST];
	unsigned count = 0, lane;

	for (; timeline->next < timeline->count; timeline->next++) {
		struct interval *hold = &timeline->intervals[timeline->next];

		if (hold->thread != thread || !hold->hold)
			break;
		for (lane = 0; lane < count && lanes[lane].until > hold->began; lane++)
			;
		if (!clip(hold, life, life->began) || lane == LANES_MOST) {
			timeline->left_out++;
			continue;
		}
		if (lane == count)
			lanes[count++].track = hold_track(timeline, thread_track);
		put_interval(timeline, lanes[lane].track, hold);
		lanes[lane].until = hold->ended;
	}
}

/* ---- threads ------------------------------------------------------------------------------ */

/* A wait that never ended.  If the lock has an owner and the wait was long enough, the wait is among the intervals. */
static void put_last_wait(struct timeline *timeline, uint64_t track, int64_t last, sqlite3_stmt *row,
                          const struct life *life)
{
	struct interval wait = {.began = nanoseconds(sqlite3_column_double(row, 7)),
	                        .ended = life->ended,
	                        .stack = sqlite3_column_int64(row, 8),
	                        .other = sqlite3_column_int64(row, 9),
	                        .address = sqlite3_column_int64(row, 10)};

	if (sqlite3_column_type(row, 6) == SQLITE_NULL || lock_kind_is_owned(query_text(row, 6)))
		return;
	snprintf(wait.kind, sizeof wait.kind, "%s", query_text(row, 6));
	if (clip(&wait, life, last))
		put_interval(timeline, track, &wait);
}

static uint64_t thread_track(struct timeline *timeline, sqlite3_stmt *row, const char *name)
{
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__ThreadDescriptor thread = PERFETTO__THREAD_DESCRIPTOR__INIT;

	thread.has_pid = thread.has_tid = true;
	thread.pid = (int32_t)timeline->process->pid;
	thread.tid = sqlite3_column_int(row, 1);
	thread.thread_name = (char *)(uintptr_t)name;
	track.thread = &thread;
	return put_track(timeline, &track, timeline->process_track);
}

static void put_thread(struct timeline *timeline, sqlite3_stmt *row)
{
	int64_t id = sqlite3_column_int64(row, 0), last;
	struct life life = {nanoseconds(sqlite3_column_double(row, 3)), nanoseconds(sqlite3_column_double(row, 4))};
	const char *name = samples_group(timeline->samples, sqlite3_column_int64(row, 2));
	uint64_t track = thread_track(timeline, row, *name ? name : "thread");
	const struct note notes[] = {{"at the end", query_text(row, 11)},
	                             {"made at", sqlite3_column_type(row, 5) == SQLITE_NULL
	                                             ? NULL
	                                             : stack_text(timeline, sqlite3_column_int64(row, 5))},
	                             {NULL, NULL}};

	if (life.ended < life.began)
		life.ended = life.began;
	while (timeline->next < timeline->count && timeline->intervals[timeline->next].thread < id)
		timeline->next++;
	begin_slice(timeline, track, life.began, "thread", *name ? name : "thread", notes);
	last = put_waits(timeline, track, id, &life);
	put_last_wait(timeline, track, last, row, &life);
	end_slice(timeline, track, life.ended);
	put_holds(timeline, track, id, &life);
}

static void put_threads(struct timeline *timeline)
{
	static const char sql[] =
	    "SELECT t.id, t.tid, t.thread_group, coalesce(t.started_at, t.created_at, 0),"
	    " coalesce(t.ended_at, p.seconds), t.created_stack, t.blocked_on, t.blocked_since, t.blocked_stack,"
	    " t.blocked_owner, t.blocked_object, t.state_at_end"
	    " FROM thread t JOIN process p ON p.id = t.process WHERE t.process = ? ORDER BY t.id";
	sqlite3_stmt *row = query_rows(timeline->query, sql, 1, timeline->process->id);

	while (query_next(timeline->query, row))
		put_thread(timeline, row);
	sqlite3_finalize(row);
}

/* Loads the intervals in the order in which they are written: by thread, waits first. */
static void load_intervals(struct timeline *timeline)
{
	static const char sql[] =
	    "SELECT i.thread, i.other, i.stack, i.address, i.began, i.began + i.seconds, i.what = 'hold', c.kind"
	    " FROM lock_interval i JOIN lock_class c ON c.process = i.process AND c.id = i.class"
	    " WHERE i.process = ? ORDER BY i.thread, i.what = 'hold', i.began, i.seconds DESC";
	sqlite3_stmt *row = query_rows(timeline->query, sql, 1, timeline->process->id);

	timeline->count = timeline->next = 0;
	while (query_next(timeline->query, row)) {
		GROW(timeline->intervals, timeline->interval_room, timeline->count + 1);
		struct interval *interval = &timeline->intervals[timeline->count++];

		*interval = (struct interval){.thread = sqlite3_column_int64(row, 0),
		                              .other = sqlite3_column_int64(row, 1),
		                              .stack = sqlite3_column_int64(row, 2),
		                              .address = sqlite3_column_int64(row, 3),
		                              .began = nanoseconds(sqlite3_column_double(row, 4)),
		                              .ended = nanoseconds(sqlite3_column_double(row, 5)),
		                              .hold = sqlite3_column_int(row, 6)};
		snprintf(interval->kind, sizeof interval->kind, "%s", query_text(row, 7));
	}
	sqlite3_finalize(row);
}

/* ---- processes ---------------------------------------------------------------------------- */

static void put_process(struct timeline *timeline)
{
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__ProcessDescriptor process = PERFETTO__PROCESS_DESCRIPTOR__INIT;
	const char *command = timeline->process->command;

	process.has_pid = process.has_start_timestamp_ns = true;
	process.pid = (int32_t)timeline->process->pid;
	process.start_timestamp_ns = timeline->started;
	process.process_name = (char *)(uintptr_t)base_name(timeline->process->exe ? timeline->process->exe : "?");
	process.n_cmdline = command != NULL;
	process.cmdline = (char **)(uintptr_t)&command;
	track.process = &process;
	timeline->process_track = put_track(timeline, &track, 0);
}

static uint64_t counter_track(struct timeline *timeline, const char *name, Perfetto__CounterDescriptor__Unit unit)
{
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__CounterDescriptor counter = PERFETTO__COUNTER_DESCRIPTOR__INIT;

	counter.has_unit = true;
	counter.unit = unit;
	track.name = (char *)(uintptr_t)name;
	track.counter = &counter;
	return put_track(timeline, &track, timeline->process_track);
}

static void put_heap(struct timeline *timeline)
{
	uint64_t bytes = counter_track(timeline, "live bytes", PERFETTO__COUNTER_DESCRIPTOR__UNIT__UNIT_SIZE_BYTES);
	uint64_t blocks = counter_track(timeline, "live blocks", PERFETTO__COUNTER_DESCRIPTOR__UNIT__UNIT_COUNT);
	sqlite3_stmt *row = query_rows(timeline->query,
	                               "SELECT at, live_bytes, live_blocks FROM heap_sample WHERE process = ?"
	                               " ORDER BY ordinal",
	                               1, timeline->process->id);

	while (query_next(timeline->query, row)) {
		int64_t at = nanoseconds(sqlite3_column_double(row, 0));

		put_counter(timeline, bytes, at, sqlite3_column_int64(row, 1));
		put_counter(timeline, blocks, at, sqlite3_column_int64(row, 2));
	}
	sqlite3_finalize(row);
}

static void count_left_out(struct timeline *timeline)
{
	static const char sql[] = "SELECT coalesce((SELECT sum(contended) FROM lock_class WHERE process = ?1), 0)"
	                          " + coalesce((SELECT sum(holds) FROM lock_hold WHERE process = ?1), 0)"
	                          " - (SELECT count(*) FROM lock_interval WHERE process = ?1)";
	int64_t count = query_number(timeline->query, sql, timeline->process->id, 0);

	timeline->left_out += count > 0 ? (uint64_t)count : 0;
}

static void put_all(void *context, const struct process *process)
{
	struct timeline *timeline = context;

	timeline->process = process;
	timeline->started =
	    query_number(timeline->query, "SELECT started_ns FROM process WHERE id = ?", process->id, 0);
	put_process(timeline);
	load_intervals(timeline);
	count_left_out(timeline);
	put_threads(timeline);
	if (process->watch_heap)
		put_heap(timeline);
}

bool export_perfetto(struct export *export)
{
	struct timeline timeline = {.export = export, .query = export->samples.query, .samples = &export->samples};
	bool good = samples_each_process(&export->samples, put_all, &timeline);

	if (good && timeline.left_out)
		fprintf(stderr, "ringtail: %s short waits and holds are not in it: the longest of each process are\n",
		        human_count(timeline.left_out).text);
	free(timeline.intervals);
	free(timeline.buffer);
	free(timeline.stack_text);
	return good;
}
