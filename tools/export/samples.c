#include "tools/export/samples.h"

#include <stdio.h>
#include <string.h>

#include "tools/base/format.h"

void sample_label(struct sample *sample, const char *key, const char *text)
{
	if (text && *text && sample->label_count < LABELS_MOST)
		sample->labels[sample->label_count++] = (struct sample_label){key, text};
}

static bool all_zero(const struct samples *samples, const struct sample *sample)
{
	for (unsigned i = 0; i < samples->view->value_count; i++)
		if (sample->values[i])
			return false;
	return true;
}

static unsigned find_places(struct samples *samples, int64_t stack, const char *on_top)
{
	unsigned count = 0;

	if (on_top)
		samples->found[count++] = places_special(&samples->places, on_top);
	if (stack || !on_top)
		count += stacks_places(&samples->stacks, &samples->places, stack, samples->found + count);
	return count;
}

void samples_hand_on(struct samples *samples, const struct sample *sample, int64_t stack, const char *on_top)
{
	struct sample whole = *sample;

	if (all_zero(samples, sample))
		return;
	whole.places = samples->found;
	whole.place_count = find_places(samples, stack, on_top);
	sample_label(&whole, "process", samples->process_label);
	for (unsigned i = 0; i < samples->view->value_count; i++)
		samples->totals[i] += sample->values[i];
	samples->sink.sample(samples->sink.context, &whole);
}

/* The name of a group of threads: "main", the threads' name, or the function that made them. */
static void name_group(struct samples *samples, sqlite3_stmt *row, char *name, size_t room)
{
	uint32_t places[STACK_PLACES_MOST];
	const struct places *all = &samples->places;

	if (sqlite3_column_type(row, 1) != SQLITE_NULL)
		snprintf(name, room, "%s", query_text(row, 1));
	else if (sqlite3_column_int(row, 2))
		snprintf(name, room, "main");
	else if (sqlite3_column_type(row, 3) == SQLITE_NULL)
		snprintf(name, room, "not known");
	else if (stacks_places(&samples->stacks, &samples->places, sqlite3_column_int64(row, 3), places))
		snprintf(name, room, "made in %s",
		         places_text(all, all->functions[all->lines[all->items[places[0] - 1].first].function].name));
}

static void load_groups(struct samples *samples, int64_t process)
{
	static const char sql[] = "SELECT id, name, main, created_stack FROM thread_group WHERE process = ?";
	sqlite3_stmt *row = query_rows(samples->query, sql, 1, process);
	char name[512] = "";

	u64_map_free(&samples->groups);
	while (query_next(samples->query, row)) {
		name_group(samples, row, name, sizeof name);
		u64_map_put(&samples->groups, (uint64_t)sqlite3_column_int64(row, 0),
		            strings_put(&samples->places.texts, name));
	}
	sqlite3_finalize(row);
}

const char *samples_group(const struct samples *samples, int64_t group)
{
	return places_text(&samples->places, (uint32_t)u64_map_get(&samples->groups, (uint64_t)group));
}

static void each_process(struct samples *samples, const struct process *process,
                         void (*each)(void *context, const struct process *process), void *context)
{
	snprintf(samples->process_label, sizeof samples->process_label, "%.255s (%lld)",
	         process->exe ? base_name(process->exe) : "?", (long long)process->pid);
	if (stacks_load(&samples->stacks, &samples->places, samples->query, process->id)) {
		load_groups(samples, process->id);
		each(context, process);
	}
	stacks_free(&samples->stacks);
}

bool samples_each_process(struct samples *samples, void (*each)(void *context, const struct process *process),
                          void *context)
{
	sqlite3_stmt *row = process_query(samples->query);
	struct process process;

	samples->several = query_number(samples->query, "SELECT count(*) FROM process", 0, 0) > 1;
	while (process_next(samples->query, row, &process))
		each_process(samples, &process, each, context);
	sqlite3_finalize(row);
	u64_map_free(&samples->groups);
	return !samples->query->failed;
}

static void read_samples(void *context, const struct process *process)
{
	struct samples *samples = context;

	samples->sink.process(samples->sink.context, process);
	samples->view->read(samples, process);
	samples->sink.process_end(samples->sink.context);
}

bool samples_read(struct samples *samples) { return samples_each_process(samples, read_samples, samples); }
