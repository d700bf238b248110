/* Makes the plan from the database of an earlier run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/confirm/confirm.h"
#include "tools/base/memory.h"
#include "tools/finding/kinds.h"
#include "tools/query/frames.h"
#include "tools/ingest/ingest.h"
#include "tools/runs/run_directory.h"

#define PLAN_FILE    "confirm.plan"
#define HOLD_MOST    8u  /* how often an edge holds threads up */
#define EARLIER_MOST 16u /* runs that each confirmed the one before */

/* ---- stacks --------------------------------------------------------------------------------- */

static void read_build_id(struct rt_plan_module *module, const char *hex)
{
	unsigned byte;

	for (; hex && sscanf(hex, "%2x", &byte) == 1 && module->build_id_bytes < RT_BUILD_ID_MAX; hex += 2)
		module->build_id[module->build_id_bytes++] = (uint8_t)byte;
}

/* Index + 1. */
static uint32_t module_of(struct confirm *confirm, const struct frame *frame)
{
	struct rt_plan_module module = {0};

	if (!frame->module)
		return 0;
	snprintf(module.path, sizeof module.path, "%s", frame->module);
	read_build_id(&module, frame->build_id);
	for (size_t i = 0; i < confirm->module_count; i++)
		if (!memcmp(&confirm->modules[i], &module, sizeof module))
			return (uint32_t)i + 1;
	GROW(confirm->modules, confirm->module_room, confirm->module_count + 1);
	confirm->modules[confirm->module_count++] = module;
	return (uint32_t)confirm->module_count;
}

static struct rt_plan_stack add_stack(struct confirm *confirm, struct query *query, int64_t process, int64_t id)
{
	struct rt_plan_stack stack = {.first = (uint32_t)confirm->frame_count};
	struct frames frames = frames_load(query, process, id);

	for (unsigned i = 0; i < frames.count; i++) {
		if (frames.items[i].inlined) /* its address is that of the frame around it */
			continue;
		GROW(confirm->frames, confirm->frame_room, confirm->frame_count + 1);
		confirm->frames[confirm->frame_count++] = (struct rt_plan_frame){
		    .offset = (uint64_t)frames.items[i].offset, .module = module_of(confirm, &frames.items[i])};
		stack.count++;
	}
	stack.cut = frames.root != RT_ROOT_COMPLETE;
	frames_free(&frames);
	return stack;
}

/* ---- predictions ---------------------------------------------------------------------------- */

static void read_edges(struct confirm *confirm, struct query *query, int64_t process, int64_t finding)
{
	static const char sql[] = "SELECT held, held_stack, wanted_stack FROM finding_edge"
	                          " WHERE process = ? AND finding = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_rows(query, sql, 2, process, finding);

	while (query_next(query, row)) {
		struct rt_plan_edge edge = {
		    .held_kind = strcmp(query_text(row, 0), "thread") ? RT_KIND_NONE : RT_KIND_THREAD,
		    .held = add_stack(confirm, query, process, sqlite3_column_int64(row, 1)),
		    .wanted = add_stack(confirm, query, process, sqlite3_column_int64(row, 2)),
		};

		GROW(confirm->edges, confirm->edge_room, confirm->edge_count + 1);
		confirm->edges[confirm->edge_count++] = edge;
	}
	sqlite3_finalize(row);
}

/* True if the prediction is in the plan: several processes may have run the same code. */
static bool is_known(const struct confirm *confirm, const char *id)
{
	for (size_t i = 0; i < confirm->count; i++)
		if (!strcmp(confirm->predictions[i].id, id))
			return true;
	return false;
}

static void read_predictions(struct confirm *confirm, struct query *query, const char *run)
{
	/* A writer that must come between two readers cannot be brought about by holding threads up. */
	static const char sql[] =
	    "SELECT process, ordinal, id, message, kind, class FROM finding AS f WHERE NOT EXISTS (SELECT 1 FROM "
	    "finding_edge AS e WHERE e.process = f.process AND e.finding = f.ordinal AND e.ahead) ORDER BY process, "
	    "ordinal";
	sqlite3_stmt *row = query_rows(query, sql, 0);

	while (query_next(query, row)) {
		struct prediction *prediction;

		if (!class_is(query_text(row, 4), query_text_or_null(row, 5), FINDING_DEADLOCK_PREDICTED) ||
		    is_known(confirm, query_text(row, 2)))
			continue;
		GROW(confirm->predictions, confirm->room, confirm->count + 1);
		prediction = &confirm->predictions[confirm->count++];
		*prediction = (struct prediction){.run = strdup(run),
		                                  .id = strdup(query_text(row, 2)),
		                                  .message = strdup(query_text(row, 3)),
		                                  .first = (uint32_t)confirm->edge_count};
		read_edges(confirm, query, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1));
		prediction->edges = (uint32_t)confirm->edge_count - prediction->first;
	}
	sqlite3_finalize(row);
}

/* The earlier run whose predictions this run tried; malloced, NULL: it tried none. */
static char *earlier_run(struct query *query)
{
	sqlite3_stmt *row = query_rows(query, "SELECT run FROM confirmation ORDER BY ordinal LIMIT 1", 0);
	char *run = query_next(query, row) ? strdup(query_text(row, 0)) : NULL;

	sqlite3_finalize(row);
	return run;
}

/* Reads the predictions of the run, and before them those of the earlier run that it tried to confirm: a deadlock that
 * closed in this run is realised here, and no longer predicted. */
static bool read_run(struct confirm *confirm, const char *directory, unsigned depth, struct error *err)
{
	struct store store;
	struct query query = {.err = err};
	char *earlier = NULL, *run = realpath(directory, NULL);

	if (run && ingest_open(directory, &store, err)) {
		query.db = store.db;
		earlier = earlier_run(&query);
		if (earlier && depth < EARLIER_MOST && !access(earlier, R_OK | X_OK))
			query.failed |= !read_run(confirm, earlier, depth + 1, err);
		read_predictions(confirm, &query, run);
		query_close(&query);
		store_close(&store);
	} else {
		query.failed = true;
	}
	free(earlier);
	free(run);
	return !query.failed;
}

bool confirm_read(struct confirm *confirm, const char *run, struct error *err)
{
	char *directory = run_directory_find(run, err);
	bool good = directory && read_run(confirm, directory, 0, err);

	if (directory)
		confirm->run = realpath(directory, NULL);
	free(directory);
	return good;
}

/* ---- the file --------------------------------------------------------------------------------- */

static void *copy(void *to, const void *from, size_t bytes)
{
	if (bytes)
		memcpy(to, from, bytes);
	return (char *)to + bytes;
}

static void fill(const struct confirm *confirm, uint32_t hold_ms, uint64_t bytes)
{
	struct rt_plan *plan = confirm->plan;
	void *at = plan + 1;

	*plan = (struct rt_plan){.magic = RT_PLAN_MAGIC,
	                         .version = RT_PLAN_VERSION,
	                         .modules = (uint32_t)confirm->module_count,
	                         .edges = (uint32_t)confirm->edge_count,
	                         .frames = (uint32_t)confirm->frame_count,
	                         .hold_ms = hold_ms,
	                         .hold_most = HOLD_MOST,
	                         .bytes = bytes};
	at = copy(at, confirm->modules, confirm->module_count * sizeof *confirm->modules);
	at = copy(at, confirm->edges, confirm->edge_count * sizeof *confirm->edges);
	copy(at, confirm->frames, confirm->frame_count * sizeof *confirm->frames);
}

bool confirm_write(struct confirm *confirm, const char *directory, uint32_t hold_ms, struct error *err)
{
	uint64_t bytes = sizeof(struct rt_plan) + confirm->module_count * sizeof *confirm->modules +
	                 confirm->edge_count * sizeof *confirm->edges + confirm->frame_count * sizeof *confirm->frames;
	int fd = asprintf(&confirm->path, "%s/" PLAN_FILE, directory) < 0
	             ? -1
	             : open(confirm->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *map = MAP_FAILED;

	if (fd >= 0 && !posix_fallocate(fd, 0, (off_t)bytes))
		map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		error_set(err, EXIT_INTERNAL, "cannot write %s/" PLAN_FILE ": %s", directory, strerror(errno));
	else
		confirm->plan = map;
	if (fd >= 0)
		close(fd);
	if (confirm->plan)
		fill(confirm, hold_ms, bytes);
	return confirm->plan != NULL;
}

void confirm_unlink(const struct confirm *confirm)
{
	if (confirm->plan)
		unlink(confirm->path);
}

void confirm_free(struct confirm *confirm)
{
	if (confirm->plan)
		munmap(confirm->plan, confirm->plan->bytes);
	for (size_t i = 0; i < confirm->count; i++) {
		free(confirm->predictions[i].run);
		free(confirm->predictions[i].id);
		free(confirm->predictions[i].message);
	}
	free(confirm->predictions);
	free(confirm->modules);
	free(confirm->edges);
	free(confirm->frames);
	free(confirm->run);
	free(confirm->path);
	*confirm = (struct confirm){0};
}
