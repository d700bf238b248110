#include "tools/export/samples.h"

#include <stdio.h>
#include <string.h>

#include "tools/render/format.h"

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

static void read_process(struct samples *samples, const struct process *process)
{
	snprintf(samples->process_label, sizeof samples->process_label, "%.255s (%lld)",
	         process->exe ? base_name(process->exe) : "?", (long long)process->pid);
	if (stacks_load(&samples->stacks, &samples->places, samples->report, process->id)) {
		samples->sink.process(samples->sink.context, process);
		samples->view->read(samples, process);
		samples->sink.process_end(samples->sink.context);
		samples->processes++;
	}
	stacks_free(&samples->stacks);
}

bool samples_read(struct samples *samples)
{
	sqlite3_stmt *row = process_query(samples->report);
	struct process process;

	while (process_next(samples->report, row, &process))
		if (!samples->pid || process.pid == samples->pid)
			read_process(samples, &process);
	sqlite3_finalize(row);
	return !samples->report->failed;
}
