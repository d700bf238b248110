/*
 * The samples of an exported profile: each is a stack with values and labels.  A view decides which values.  Its
 * samples are read from the database process by process, and handed one by one to the writer of a format.
 */
#ifndef RINGTAIL_EXPORT_SAMPLES_H
#define RINGTAIL_EXPORT_SAMPLES_H

#include "tools/export/stacks.h"
#include "tools/query/process_rows.h"

#define VIEW_VALUES_MOST 6
#define LABELS_MOST      4

struct value_type {
	const char *name, *unit; /* as pprof knows them: "inuse_space", "bytes" */
};

struct sample_label {
	const char *key, *text;
};

struct sample {
	const uint32_t *places; /* index + 1 into the places, innermost first */
	unsigned place_count;
	int64_t values[VIEW_VALUES_MOST];
	struct sample_label labels[LABELS_MOST];
	unsigned label_count;
};

struct samples;
struct view_row;
struct export_view {
	const char *name, *about;
	const struct value_type *values;
	unsigned value_count;
	const char *value;   /* the value that is shown by default */
	const char *nothing; /* why that value may be 0 everywhere */
	void (*read)(struct samples *samples, const struct process *process);
};

/* The view of this name; NULL if there is none. */
const struct export_view *export_view_find(const char *name);
/* The nth view; NULL after the last. */
const struct export_view *export_view_at(size_t n);
/* Index of the value of this name; -1 if the view has none. */
int export_view_value(const struct export_view *view, const char *name);

/* Receives the samples.  Texts of the process and of samples are valid during the call only. */
struct sample_sink {
	void (*process)(void *context, const struct process *process); /* before its samples */
	void (*sample)(void *context, const struct sample *sample);
	void (*process_end)(void *context);
	void *context;
};

struct samples {
	struct query *query;
	const struct export_view *view;
	struct places places;
	struct stacks stacks;  /* of the present process */
	struct u64_map groups; /* from thread_group.id to the group's name, as a text of places */
	struct sample_sink sink;
	int64_t totals[VIEW_VALUES_MOST];
	bool several; /* there will be more than one process */
	char process_label[300];
	uint32_t found[STACK_PLACES_MOST + 1]; /* places of the present sample */
};

/* Calls `each` for every wanted process, with its stacks and groups of threads loaded.  False: query->err is filled. */
bool samples_each_process(struct samples *samples, void (*each)(void *context, const struct process *process),
                          void *context);
/* Hands all samples to the sink, in the order of the processes.  False: query->err is filled. */
bool samples_read(struct samples *samples);

/* ---- for the views ---------------------------------------------------------------- */

/* Hands a sample of this stack to the sink, unless all its values are 0.  on_top: the name of a place to add as the
 * innermost, or NULL. */
void samples_hand_on(struct samples *samples, const struct sample *sample, int64_t stack, const char *on_top);
/* The name of a group of threads; "" for group 0. */
const char *samples_group(const struct samples *samples, int64_t group);
void sample_label(struct sample *sample, const char *key, const char *text);

#endif
