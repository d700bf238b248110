#include "tools/recording/recording.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "shim/atomics.h"
#include "tools/base/memory.h"
#include "tools/base/progress.h"
#include "tools/recording/acting_function.h"
#include "tools/recording/tasks.h"
#include "tools/recording/waiting_calls.h"

bool recording_open(struct recording *recording, const char *path, bool live, struct error *err)
{
	memset(recording, 0, sizeof *recording);
	if (!ring_file_open(&recording->ring, path, live, err))
		return false;
	recording->merge = merge_new(&recording->ring);
	recording->analysis = analysis_new(&recording->ring);
	recording->walker.ring = &recording->ring;
	analysis_know_waits(recording->analysis, waiting_calls_interrupted, &recording->walker);
	recording->code = (struct code_source){acting_function, &recording->walker};
	analysis_know_code(recording->analysis, &recording->code);
	return true;
}

void recording_close(struct recording *recording)
{
	analysis_free(recording->analysis);
	stack_walker_free(&recording->walker);
	merge_free(recording->merge);
	ring_file_close(&recording->ring);
	recording->analysis = NULL;
	recording->merge = NULL;
}

/* ---- the end -------------------------------------------------------------------------- */

struct process_end recording_end(const struct recording *recording)
{
	const struct rt_header *shared = recording->ring.shared;
	bool alive = ring_file_alive(&recording->ring);

	switch (load_relaxed(&shared->end_how)) {
	case RT_END_EXIT:
	case RT_END_EXIT_NOW:
		/* The end is recorded before the last destructors run: a process that hangs in one of these is still
		 * running. */
		return (struct process_end){.how = alive ? END_RUNNING : END_EXIT,
		                            .status = load_relaxed(&shared->end_status) & 0xff};
	case RT_END_ABORT:
		return (struct process_end){.how = alive ? END_RUNNING : END_SIGNAL, .signal = SIGABRT};
	case RT_END_EXEC:
		return (struct process_end){.how = alive ? END_RUNNING : END_EXEC};
	default:
		return (struct process_end){.how = alive ? END_RUNNING : END_SIGNAL};
	}
}

struct process_end recording_end_by_status(const struct recording *recording, int wait_status)
{
	if (load_relaxed(&recording->ring.shared->end_how) == RT_END_EXEC)
		return (struct process_end){.how = END_EXEC};
	if (WIFSIGNALED(wait_status))
		return (struct process_end){.how = END_SIGNAL, .signal = WTERMSIG(wait_status)};
	return (struct process_end){.how = END_EXIT, .status = WEXITSTATUS(wait_status)};
}

/* The header says when a process called exit, abort or exec, if that was its end. */
static bool said_so(const struct rt_header *shared, const struct process_end *end)
{
	switch (load_relaxed(&shared->end_how)) {
	case RT_END_EXIT:
	case RT_END_EXIT_NOW:
		return end->how == END_EXIT;
	case RT_END_ABORT:
		return end->how == END_SIGNAL;
	case RT_END_EXEC:
		return end->how == END_EXEC;
	default:
		return false;
	}
}

/* Sets end->stamp.  A process that was killed wrote no time: who watched it knows, and nothing on disk does.  (The ring
 * file's times are those of writing back, and /proc is gone.) */
static void set_end_stamp(const struct recording *recording, struct process_end *end)
{
	const struct ring_file *ring = &recording->ring;
	uint64_t last = merge_last_stamp(recording->merge), seen = end->stamp;
	bool said = said_so(ring->shared, end);

	if (said)
		seen = load_relaxed(&ring->shared->end_stamp);
	else if (end->how == END_RUNNING)
		seen = ring->same_boot ? ring_file_now(ring) : 0;
	end->at_least = !seen;
	end->stamp = seen > last ? seen : last;
	if (!end->stamp)
		end->stamp = ring->header.clock_start.ticks;
}

/* ---- reading ---------------------------------------------------------------------------- */

struct counted {
	struct analysis *analysis;
	struct progress progress;
	uint64_t events;
};

static void count_and_analyse(void *context, const struct event *events, size_t count)
{
	struct counted *counted = context;

	analysis_events(counted->analysis, events, count);
	counted->events += count;
	progress_update(&counted->progress, counted->events);
}

/* The number of events according to the chunks' headers: good enough to show progress. */
static uint64_t events_in(const struct ring_file *ring)
{
	uint64_t events = 0;

	for (uint32_t i = 0; i < ring_file_chunks(ring); i++)
		events += load_relaxed(&ring_file_chunk(ring, i)->events) & UINT32_MAX;
	return events;
}

void recording_finish(struct recording *recording, struct process_end end)
{
	char what[64];
	struct counted counted = {.analysis = recording->analysis};

	snprintf(what, sizeof what, "analysing pid %u", recording->ring.header.pid);
	progress_begin(&counted.progress, what, events_in(&recording->ring));
	merge_finish(recording->merge, count_and_analyse, &counted);
	progress_end(&counted.progress);
	if (end.how == END_RUNNING && recording->ring.same_boot)
		tasks_ask_for_report(recording);
	set_end_stamp(recording, &end);
	analysis_finish(recording->analysis, end);
}

void recording_conclude(struct recording *recording)
{
	struct process_end end = {.how = END_RUNNING};

	merge_conclude(recording->merge, analysis_events, recording->analysis);
	tasks_ask_for_report(recording);
	set_end_stamp(recording, &end);
	analysis_finish(recording->analysis, end);
}

/* ---- the command -------------------------------------------------------------------------- */

char **recording_command(const struct ring_file *ring)
{
	const char *text = ring->header.command, *end = text + ring->header.command_bytes;
	size_t count = 0, room = 0;
	char **command = NULL;

	while (text < end) {
		size_t length = strnlen(text, (size_t)(end - text));
		GROW(command, room, count + 2);
		command[count++] = strndup(text, length);
		text += length + 1;
	}
	GROW(command, room, count + 1);
	command[count] = NULL;
	return command;
}

void recording_free_command(char **command)
{
	for (size_t i = 0; command[i]; i++)
		free(command[i]);
	free(command);
}
