/*
 * What an exported profile is made of: samples, each a stack with values and labels.  A view says which values;
 * its samples are read from the database process by process and handed to the writer of a format one by one.
 */
#ifndef RINGTAIL_EXPORT_SAMPLES_H
#define RINGTAIL_EXPORT_SAMPLES_H

#include "tools/export/stacks.h"
#include "tools/query/process_rows.h"

#define VIEW_VALUES_MOST 6
#define LABELS_MOST 4

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
	const char *value;   /* the one that is shown unless another is asked for */
	const char *nothing; /* why that may be 0 everywhere */
	void (*read)(struct samples *samples, const struct process *process);
};

/* NULL where there is none of this name. */
const struct export_view *export_view_find(const char *name);
/* The nth, NULL after the last. */
const struct export_view *export_view_at(size_t n);
/* Index of the value, -1 where the view has none of this name. */
int export_view_value(const struct export_view *view, const char *name);

/* Who gets them.  Texts of the process and of samples are good during the call. */
struct sample_sink {
	void (*process)(void *context, const struct process *process); /* before its samples */
	void (*sample)(void *context, const struct sample *sample);
	void (*process_end)(void *context);
	void *context;
};

struct samples {
	struct query *query;
	const struct export_view *view;
	int64_t pid; /* 0: every process */
	struct places places;
	struct stacks stacks; /* of the process at work */
	struct u64_map groups; /* thread_group.id to the text that it is called by */
	struct sample_sink sink;
	int64_t totals[VIEW_VALUES_MOST];
	unsigned processes;        /* read so far */
	bool several;              /* there will be more than one */
	char process_label[300];
	uint32_t found[STACK_PLACES_MOST + 1]; /* places of the sample at work */
};

/* Calls each for every process that is wanted, with its stacks and groups of threads loaded.  False: query->err is
 * filled. */
bool samples_each_process(struct samples *samples, void (*each)(void *context, const struct process *process),
                          void *context);
/* Hands all samples to the sink, in the order of the processes.  False: query->err is filled. */
bool samples_read(struct samples *samples);

/* ---- for the views ---------------------------------------------------------------- */

/* Hands a sample of this stack on, unless all its values are 0.  on_top: a place to stand innermost, or NULL. */
void samples_hand_on(struct samples *samples, const struct sample *sample, int64_t stack, const char *on_top);
/* What the threads of a group are called; "" for 0. */
const char *samples_group(const struct samples *samples, int64_t group);
void sample_label(struct sample *sample, const char *key, const char *text);

#endif
