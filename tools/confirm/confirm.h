/*
 * `ringtail run --confirm`: the deadlocks that an earlier run predicted, as the plan by which the shim holds threads up
 * (shim/confirm.h), and what became of each of them.
 *
 * One that closed is found like any other: as a realised deadlock, while the program hangs.  It is the one that was
 * predicted if each edge has the same stacks, as module and offset, frame by frame.
 */
#ifndef RINGTAIL_CONFIRM_TOOL_H
#define RINGTAIL_CONFIRM_TOOL_H

#include "shim/format.h"
#include "tools/finding/findings.h"
#include "tools/store/store.h"

struct prediction {
	char *id, *message; /* of the finding */
	uint32_t first, edges; /* in the plan */
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
	struct rt_plan *plan; /* the file, mapped: the edges' counters; NULL until it is written */
	char *path;           /* its name */
};

/* Reads what RUN (NULL: the newest here) predicted.  Zeroed before; to be freed also on failure. */
bool confirm_read(struct confirm *confirm, const char *run, struct error *err);
/* Writes the plan into the new run's directory and keeps it mapped. */
bool confirm_write(struct confirm *confirm, const char *directory, uint32_t hold_ms, struct error *err);
/* Removes the file: no process will start by it any more. */
void confirm_unlink(const struct confirm *confirm);
/* Marks the realised deadlocks that were predicted, in the findings and in confirm. */
void confirm_label(struct confirm *confirm, const struct ring_file *ring, struct finding_list *findings);
/* Stores what became of each prediction. */
bool confirm_store(const struct confirm *confirm, struct store *store, struct error *err);
void confirm_free(struct confirm *confirm);

#endif
