#include "tools/confirm/confirm.h"

#include <stdio.h>
#include <string.h>

#include "shim/atomics.h"

/* ---- the same stacks ---------------------------------------------------------------------- */

static bool is_frame(const struct confirm *confirm, const struct rt_plan_frame *planned, const struct ring_file *ring,
                     uint32_t pc_id)
{
	const struct rt_pc *pc = ring_file_pc(ring, pc_id);
	const struct rt_module *module = pc && pc->module ? ring_file_module(ring, pc->module - 1) : NULL;

	if (!planned->module || !module)
		return !planned->module && !module;
	return (pc->key & RT_PC_ADDRESS) - module->bias == planned->offset &&
	       rt_plan_has_module(&confirm->modules[planned->module - 1], module);
}

/* Compares the frames that both have: either stack may have been cut. */
static bool is_stack(const struct confirm *confirm, const struct rt_plan_stack *planned, const struct ring_file *ring,
                     uint32_t stack)
{
	uint32_t pcs[RT_DEPTH_MOST], root, count = ring_file_stack(ring, stack, pcs, RT_DEPTH_MOST, &root);

	for (uint32_t i = 0; i < count && i < planned->count; i++)
		if (!is_frame(confirm, &confirm->frames[planned->first + i], ring, pcs[i]))
			return false;
	if (!count || !planned->count)
		return false;
	return count == planned->count || (count > planned->count ? planned->cut : root == RT_ROOT_DEPTH);
}

/* A thread that another thread waits for in a join has no stack but its start routine.  A writer that waits ahead holds
 * nothing. */
static bool is_edge(const struct confirm *confirm, const struct rt_plan_edge *planned, const struct ring_file *ring,
                    const struct finding_edge *edge)
{
	if (!is_stack(confirm, &planned->wanted, ring, edge->wanted_stack))
		return false;
	if (planned->flags & RT_PLAN_AHEAD)
		return edge->ahead;
	return planned->held_kind == RT_KIND_THREAD || is_stack(confirm, &planned->held, ring, edge->held_stack);
}

/* Compares two cycles, which may start at different threads. */
static bool is_cycle(const struct confirm *confirm, const struct prediction *prediction, const struct ring_file *ring,
                     const struct finding *finding)
{
	uint32_t count = prediction->edges, turn, i;

	if (!count || finding->edge_count != count)
		return false;
	for (turn = 0; turn < count; turn++) {
		for (i = 0; i < count; i++)
			if (!is_edge(confirm, &confirm->edges[prediction->first + i], ring,
			             &finding->edges[(i + turn) % count]))
				break;
		if (i == count)
			return true;
	}
	return false;
}

static void label(struct finding *finding)
{
	size_t length = strlen(finding->message);

	snprintf(finding->message + length, sizeof finding->message - length,
	         "; an earlier run predicted it, and this one confirms it");
	finding->confirmed = true;
}

static void label_one(struct confirm *confirm, const struct ring_file *ring, struct finding *finding)
{
	for (size_t i = 0; i < confirm->count; i++) {
		if (!is_cycle(confirm, &confirm->predictions[i], ring, finding))
			continue;
		confirm->predictions[i].confirmed = true;
		if (!finding->confirmed)
			label(finding);
	}
}

void confirm_label(struct confirm *confirm, const struct ring_file *ring, struct finding_list *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *finding = &findings->items[i];

		if (finding->class == FINDING_DEADLOCK_REALISED)
			label_one(confirm, ring, finding);
	}
}

/* ---- what became of them --------------------------------------------------------------------- */

struct outcome {
	uint32_t reached; /* number of edges at which a thread arrived */
	uint32_t held_up; /* how often threads were held up, over all edges */
	bool met;         /* threads were let go at all of its edges, because they had all come */
};

static struct outcome outcome_of(const struct confirm *confirm, const struct prediction *prediction)
{
	const struct rt_plan *plan = confirm->plan;
	const struct rt_plan_edge *edges =
	    (const void *)((const char *)(plan + 1) + confirm->module_count * sizeof *confirm->modules +
	                   confirm->count * sizeof *confirm->cycles);
	struct outcome outcome = {.met = true};

	for (uint32_t i = prediction->first; i < prediction->first + prediction->edges; i++) {
		uint32_t held_up = load_relaxed(&edges[i].held_up);

		outcome.reached += load_relaxed(&edges[i].reached) != 0;
		outcome.held_up += held_up < plan->hold_most ? held_up : plan->hold_most;
		outcome.met &= (edges[i].flags & RT_PLAN_AHEAD) || load_relaxed(&edges[i].met);
	}
	return outcome;
}

static bool store_one(const struct confirm *confirm, const struct prediction *prediction, sqlite3_stmt *insert)
{
	struct outcome outcome = outcome_of(confirm, prediction);
	bool tried = prediction->confirmed || outcome.held_up || outcome.met;
	const char *what = prediction->confirmed ? "confirmed"
	                   : tried               ? "not-closed"
	                   : outcome.reached     ? "not-tried"
	                                         : "not-reached";

	sqlite3_reset(insert);
	sqlite3_bind_int64(insert, 1, prediction - confirm->predictions + 1);
	sqlite3_bind_text(insert, 2, confirm->runs[prediction->run], -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 3, prediction->id, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 4, prediction->message, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 5, what, -1, SQLITE_STATIC);
	sqlite3_bind_int64(insert, 6, prediction->edges);
	sqlite3_bind_int64(insert, 7, outcome.reached);
	sqlite3_bind_int64(insert, 8, outcome.held_up);
	sqlite3_bind_int64(insert, 9, prediction->tried + tried);
	return sqlite3_step(insert) == SQLITE_DONE;
}

bool confirm_store(const struct confirm *confirm, struct store *store, struct error *err)
{
	static const char sql[] = "INSERT OR REPLACE INTO confirmation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
	sqlite3_stmt *insert = NULL;
	bool good = sqlite3_prepare_v2(store->db, sql, -1, &insert, NULL) == SQLITE_OK;

	for (size_t i = 0; good && i < confirm->count; i++)
		good = store_one(confirm, &confirm->predictions[i], insert);
	if (!good)
		error_set(err, EXIT_BAD_DATA, "%s: cannot write: %s", store->path, sqlite3_errmsg(store->db));
	sqlite3_finalize(insert);
	return good;
}
