#include "tools/analyse/locks/locks.h"
#include "tools/analyse/threads/threads.h"
#include "tools/store/subject_names.h"
#include "tools/store/writer.h"

static const char *state_name(int state)
{
	return state == THREAD_ENDED ? "ended" : state == THREAD_BLOCKED ? "blocked" : "running";
}

/* While a thread waits in it, the object is in the block that is live at the end. */
static bool blocked_name(struct writer *writer, const struct thread_result *thread, char name[OBJECT_NAME_TEXT])
{
	struct finding_object object = {.kind = thread->blocked_kind, .block_stack = RT_STACK_NONE};
	struct heap_analysis *heap = writer->analysis->heap;

	if (object_name(writer, thread->blocked_object, thread->blocked_since, name))
		return true;
	return object.kind != RT_KIND_THREAD && heap &&
	       heap_block_origin(heap, thread->blocked_object, &object.block_stack, &object.block_into) &&
	       block_name(writer, object.block_stack, object.block_into, "the", name);
}

static void row_blocked(struct row *row, const struct thread_result *thread)
{
	char name[OBJECT_NAME_TEXT];

	if (thread->state_at_end != THREAD_BLOCKED) {
		for (int column = 0; column < 7; column++)
			row_null(row);
		return;
	}
	row_text(row, event_kind_name(thread->blocked_kind));
	row_int(row, (int64_t)thread->blocked_object);
	row_text(row, blocked_name(row->writer, thread, name) ? name : NULL);
	row_int(row, thread->blocked_timed);
	row_stamp(row, thread->blocked_since);
	row_stack(row, thread->blocked_stack);
	row_int(row, thread->blocked_owner);
}

static void row_runs(struct row *row, struct thread_runs runs)
{
	if (runs.pc) {
		row_int(row, runs.pc);
		row_int(row, runs.ordinal);
	} else {
		row_null(row);
		row_null(row);
	}
}

static void store_thread(struct writer *writer, const struct thread_result *thread)
{
	struct row row = row_begin(writer, TABLE_thread);

	row_int(&row, thread->id);
	row_int(&row, thread->tid);
	row_text(&row, thread->name[0] ? thread->name : NULL);
	row_int(&row, thread->created_by);
	row_stamp(&row, thread->created);
	row_stamp(&row, thread->started);
	row_stamp(&row, thread->ended);
	row_stack(&row, thread->created_stack);
	row_runs(&row, thread_runs(writer, thread));
	row_int(&row, thread->main);
	row_int(&row, thread->adopted);
	row_int(&row, thread->joined);
	row_int(&row, thread->detached);
	row_text(&row, state_name(thread->state_at_end));
	row_blocked(&row, thread);
	row_int(&row, (int64_t)thread->events);
	if (thread->group)
		row_int(&row, thread->group);
	else
		row_null(&row);
	row_end(&row);
}

static void store_blockers(struct writer *writer, const struct thread_result *thread)
{
	static const char *const how[] = {
	    [BLOCKER_HOLDS] = "holds",   [BLOCKER_READS] = "reads", [BLOCKER_LIVES] = "lives",
	    [BLOCKER_INSIDE] = "inside", [BLOCKER_AHEAD] = "ahead", [BLOCKER_WAKES] = "wakes"};

	for (size_t i = 0; i < thread->blocker_count; i++) {
		const struct blocker *blocker = &thread->blockers[i];
		struct row row = row_begin(writer, TABLE_thread_blocker);

		row_int(&row, thread->id);
		row_int(&row, (int64_t)i);
		row_int(&row, blocker->thread);
		row_text(&row, how[blocker->how]);
		row_stack(&row, blocker->stack);
		row_stamp(&row, blocker->since);
		row_end(&row);
	}
}

static void store_site(struct writer *writer, const struct thread_site *site, size_t ordinal)
{
	struct row row = row_begin(writer, TABLE_thread_site);

	row_int(&row, (int64_t)ordinal);
	row_stack(&row, site->stack);
	row_int(&row, site->made);
	row_int(&row, site->live);
	row_int(&row, site->peak);
	row_stamp(&row, site->peak_at);
	for (unsigned q = 0; q < THREAD_QUARTERS; q++)
		row_int(&row, site->live_at[q]);
	row_int(&row, site->grows);
	row_end(&row);
}

static void store_group(struct writer *writer, const struct thread_group *group, size_t id)
{
	struct row row = row_begin(writer, TABLE_thread_group);

	row_int(&row, (int64_t)id);
	row_text(&row, *group->name ? group->name : NULL);
	row_int(&row, group->main);
	row_stack(&row, group->created_stack);
	row_end(&row);
}

static void store_groups(struct writer *writer)
{
	size_t count;
	const struct thread_group *groups = threads_groups(writer->analysis->threads, &count);

	for (size_t i = 0; i < count && !writer->failed; i++)
		store_group(writer, &groups[i], i + 1);
}

void store_threads(struct writer *writer)
{
	size_t count;
	const struct thread_result *threads = threads_results(writer->analysis->threads, &count);

	for (size_t i = 0; i < count && !writer->failed; i++) {
		store_thread(writer, &threads[i]);
		store_blockers(writer, &threads[i]);
	}
	const struct thread_site *sites = threads_sites(writer->analysis->threads, &count);
	for (size_t i = 0; i < count && !writer->failed; i++)
		store_site(writer, &sites[i], i + 1);
	store_groups(writer);
}
