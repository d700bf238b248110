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

#define CONFIRM_RUNS_MOST 16u /* the run given, and earlier ones whose predictions it tried */

struct prediction {
	uint32_t run;          /* index of the run that predicted it */
	int64_t process;       /* of that run */
	char *id, *message;    /* of the finding */
	uint32_t first, edges; /* index of its first edge in the plan; number of edges */
	int64_t tried;         /* how many earlier runs held threads up for it */
	int64_t chances;       /* how often the first lock of its rarest edge was taken in the run that predicted it */
	bool confirmed;
};

/* Addresses of an edge's locks, in the process that predicted it: edges of two predictions may be about one lock. */
struct edge_locks {
	uint64_t held, wanted;
};

struct confirm {
	struct prediction *predictions;
	size_t count, room;
	struct rt_plan_module *modules;
	struct rt_plan_cycle *cycles; /* one for each prediction, in the order of their turns; made by confirm_write */
	struct rt_plan_edge *edges;
	struct edge_locks *locks; /* one for each edge */
	struct rt_plan_frame *frames;
	char *runs[CONFIRM_RUNS_MOST]; /* directories of the runs that were read, absolute; first the run given */
	uint32_t run_count;
	size_t lock_room, module_count, module_room, edge_count, edge_room, frame_count, frame_room;
	struct rt_plan *plan; /* the mapped plan file, with the counters of the edges; NULL until it is written */
	char *path;           /* of the plan file */
};

/* Reads the predictions of RUN (NULL: the newest run here).  If RUN itself tried to confirm those of earlier runs,
 * which are still there, they are read too.  *confirm must be zeroed before.  The caller frees it also on failure. */
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
