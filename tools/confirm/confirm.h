/*
 * `ringtail run --confirm`: turns the deadlocks that an earlier run predicted into a plan, by which the shim delays
 * threads (shim/confirm.h), and stores the outcome for each of them.
 *
 * A deadlock that happens is found like any other: as a realised deadlock, while the program hangs.  It is the
 * predicted one if each edge has the same stacks, compared by module and offset, frame by frame.
 */
#ifndef RINGTAIL_CONFIRM_TOOL_H
#define RINGTAIL_CONFIRM_TOOL_H

#include "shim/format.h"
#include "tools/finding/findings.h"
#include "tools/store/store.h"

struct prediction {
	char *run;             /* directory of the run that predicted it, absolute */
	char *id, *message;    /* of the finding */
	uint32_t first, edges; /* index of its first edge in the plan; number of edges */
	bool confirmed;
};

struct confirm {
	char *run; /* directory of the earlier run, absolute */
	struct prediction *predictions;
	size_t count, room;
	struct rt_plan_module *modules;
	struct rt_plan_edge *edges;
	struct rt_plan_frame *frames;
	size_t module_count, module_room, edge_count, edge_room, frame_count, frame_room;
	struct rt_plan *plan; /* the mapped plan file, with the counters of the edges; NULL until it is written */
	char *path;           /* of the plan file */
};

/* Reads the predictions of RUN (NULL: the newest run here).  If RUN itself tried to confirm those of an earlier run,
 * which is still there, they are read too.  *confirm must be zeroed before.  The caller frees it also on failure. */
bool confirm_read(struct confirm *confirm, const char *run, struct error *err);
/* Writes the plan into the new run's directory and keeps it mapped. */
bool confirm_write(struct confirm *confirm, const char *directory, uint32_t hold_ms, struct error *err);
/* Removes the plan file: processes that start later do not follow the plan. */
void confirm_unlink(const struct confirm *confirm);
/* Marks the realised deadlocks that were predicted, in the findings and in confirm. */
void confirm_label(struct confirm *confirm, const struct ring_file *ring, struct finding_list *findings);
/* Stores the outcome of each prediction. */
bool confirm_store(const struct confirm *confirm, struct store *store, struct error *err);
void confirm_free(struct confirm *confirm);

#endif
