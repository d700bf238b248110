/* Makes the plan from the database of an earlier run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/confirm/confirm.h"
#include "tools/confirm/confirm_turns.h"
#include "tools/base/memory.h"
#include "tools/finding/kinds.h"
#include "tools/query/frames.h"
#include "tools/ingest/ingest.h"
#include "tools/runs/run_directory.h"

#define PLAN_FILE "confirm.plan"
#define HOLD_MOST 8u /* how often an edge holds threads up */

/* ---- stacks --------------------------------------------------------------------------------- */

static void read_build_id(struct rt_plan_module *module, const char *hex)
{
	unsigned byte;

	for (; hex && sscanf(hex, "%2x", &byte) == 1 && module->build_id_bytes < RT_BUILD_ID_MAX; hex += 2)
		module->build_id[module->build_id_bytes++] = (uint8_t)byte;
}

/* The shim knows a program by its file, the database by the name that was called (tools/source/program_path.h). */
static void set_path(struct rt_plan_module *module, struct query *query, int64_t process, const char *path)
{
	sqlite3_stmt *row = query_again(query, "SELECT exe FROM process WHERE id = ?", 1, process);
	bool is_program = query_next(query, row) && !strcmp(query_text(row, 0), path);
	char *file = is_program ? realpath(path, NULL) : NULL;

	query_done(query, row);
	snprintf(module->path, sizeof module->path, "%s", file ? file : path);
	free(file);
}

/* Index + 1. */
static uint32_t module_of(struct confirm *confirm, struct query *query, int64_t process, const struct frame *frame)
{
	struct rt_plan_module module = {0};

	if (!frame->module)
		return 0;
	set_path(&module, query, process, frame->module);
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
		confirm->frames[confirm->frame_count++] =
		    (struct rt_plan_frame){.offset = (uint64_t)frames.items[i].offset,
		                           .module = module_of(confirm, query, process, &frames.items[i])};
		stack.count++;
	}
	stack.cut = frames.root != RT_ROOT_COMPLETE;
	frames_free(&frames);
	return stack;
}

/* ---- predictions ---------------------------------------------------------------------------- */

static void add_edge(struct confirm *confirm, struct query *query, int64_t process, sqlite3_stmt *row)
{
	struct rt_plan_edge edge = {
	    .held_kind = strcmp(query_text(row, 0), "thread") ? RT_KIND_NONE : RT_KIND_THREAD,
	    .flags = sqlite3_column_int(row, 5) ? RT_PLAN_AHEAD : 0,
	    .held = add_stack(confirm, query, process, sqlite3_column_int64(row, 1)),
	    .wanted = add_stack(confirm, query, process, sqlite3_column_int64(row, 2)),
	};
	struct edge_locks locks = {.held = (uint64_t)sqlite3_column_int64(row, 3),
	                           .wanted = (uint64_t)sqlite3_column_int64(row, 4)};

	GROW(confirm->edges, confirm->edge_room, confirm->edge_count + 1);
	GROW(confirm->locks, confirm->lock_room, confirm->edge_count + 1);
	confirm->locks[confirm->edge_count] = locks;
	confirm->edges[confirm->edge_count++] = edge;
}

/* The edge before a writer that waits is that of the reader behind it. */
static void mark_readers(struct rt_plan_edge *edges, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (edges[(i + 1) % count].flags & RT_PLAN_AHEAD)
			edges[i].flags |= RT_PLAN_BEHIND;
}

static void read_edges(struct confirm *confirm, struct prediction *prediction, struct query *query, int64_t finding)
{
	static const char sql[] = "SELECT held, held_stack, wanted_stack, held_address, wanted_address, ahead"
	                          " FROM finding_edge WHERE process = ? AND finding = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_rows(query, sql, 2, prediction->process, finding);

	prediction->first = (uint32_t)confirm->edge_count;
	while (query_next(query, row))
		add_edge(confirm, query, prediction->process, row);
	sqlite3_finalize(row);
	prediction->edges = (uint32_t)confirm->edge_count - prediction->first;
	mark_readers(&confirm->edges[prediction->first], prediction->edges);
}

/* How often the first lock of the finding's rarest edge was taken where the edge has it from; 0: not known. */
static int64_t read_chances(struct query *query, int64_t process, int64_t finding)
{
	static const char sql[] =
	    "SELECT min(holds) FROM (SELECT sum(h.holds) AS holds FROM finding_edge AS e JOIN lock_hold AS h"
	    " ON h.process = e.process AND h.stack = e.held_stack"
	    " WHERE e.process = ? AND e.finding = ? AND NOT e.ahead GROUP BY e.ordinal)";
	sqlite3_stmt *row = query_rows(query, sql, 2, process, finding);
	int64_t chances = query_next(query, row) ? sqlite3_column_int64(row, 0) : 0;

	sqlite3_finalize(row);
	return chances;
}

/* The prediction with this id, NULL: there is none.  Several processes may have run the same code. */
static struct prediction *find_known(const struct confirm *confirm, const char *id)
{
	for (size_t i = 0; i < confirm->count; i++)
		if (!strcmp(confirm->predictions[i].id, id))
			return &confirm->predictions[i];
	return NULL;
}

static void read_predictions(struct confirm *confirm, struct query *query, uint32_t run)
{
	static const char sql[] =
	    "SELECT process, ordinal, id, message, kind, class FROM finding ORDER BY process, ordinal";
	sqlite3_stmt *row = query_rows(query, sql, 0);

	while (query_next(query, row)) {
		int64_t process = sqlite3_column_int64(row, 0), finding = sqlite3_column_int64(row, 1);
		struct prediction *prediction;

		if (!class_is(query_text(row, 4), query_text_or_null(row, 5), FINDING_DEADLOCK_PREDICTED) ||
		    find_known(confirm, query_text(row, 2)))
			continue;
		GROW(confirm->predictions, confirm->room, confirm->count + 1);
		prediction = &confirm->predictions[confirm->count++];
		*prediction = (struct prediction){.run = run,
		                                  .process = process,
		                                  .id = strdup(query_text(row, 2)),
		                                  .message = strdup(query_text(row, 3)),
		                                  .chances = read_chances(query, process, finding)};
		read_edges(confirm, prediction, query, finding);
	}
	sqlite3_finalize(row);
}

static bool read_run(struct confirm *confirm, const char *directory, struct error *err);

static bool is_read(const struct confirm *confirm, const char *run)
{
	for (uint32_t i = 0; i < confirm->run_count; i++)
		if (!strcmp(confirm->runs[i], run))
			return true;
	return false;
}

/* Reads the runs whose predictions this run tried, and how many runs have tried each. */
static void read_earlier(struct confirm *confirm, struct query *query)
{
	sqlite3_stmt *row = query_rows(query, "SELECT DISTINCT run FROM confirmation ORDER BY ordinal", 0);

	while (query_next(query, row)) {
		const char *run = query_text(row, 0);

		if (confirm->run_count < CONFIRM_RUNS_MOST && !is_read(confirm, run) && !access(run, R_OK | X_OK))
			query->failed |= !read_run(confirm, run, query->err);
	}
	sqlite3_finalize(row);
	row = query_rows(query, "SELECT id, tried FROM confirmation", 0);
	while (query_next(query, row)) {
		struct prediction *prediction = find_known(confirm, query_text(row, 0));

		if (prediction && prediction->tried < sqlite3_column_int64(row, 1))
			prediction->tried = sqlite3_column_int64(row, 1);
	}
	sqlite3_finalize(row);
}

/* Reads the predictions of the run, and before them those of the earlier runs that it tried to confirm: a deadlock that
 * closed in this run is realised here, and no longer predicted. */
static bool read_run(struct confirm *confirm, const char *directory, struct error *err)
{
	struct store store;
	struct query query = {.err = err};
	char *path = realpath(directory, NULL);
	uint32_t run = confirm->run_count;

	if (!path || !ingest_open(directory, &store, err)) {
		free(path);
		return false;
	}
	query.db = store.db;
	confirm->runs[confirm->run_count++] = path;
	read_earlier(confirm, &query);
	read_predictions(confirm, &query, run);
	query_close(&query);
	store_close(&store);
	return !query.failed;
}

bool confirm_read(struct confirm *confirm, const char *run, struct error *err)
{
	char *directory = run_directory_find(run, err);
	bool good = directory && read_run(confirm, directory, err);

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
	                         .cycles = (uint32_t)confirm->count,
	                         .edges = (uint32_t)confirm->edge_count,
	                         .frames = (uint32_t)confirm->frame_count,
	                         .hold_ms = hold_ms,
	                         .hold_most = HOLD_MOST,
	                         .bytes = bytes};
	at = copy(at, confirm->modules, confirm->module_count * sizeof *confirm->modules);
	at = copy(at, confirm->cycles, confirm->count * sizeof *confirm->cycles);
	at = copy(at, confirm->edges, confirm->edge_count * sizeof *confirm->edges);
	copy(at, confirm->frames, confirm->frame_count * sizeof *confirm->frames);
}

bool confirm_write(struct confirm *confirm, const char *directory, uint32_t hold_ms, struct error *err)
{
	uint64_t bytes = sizeof(struct rt_plan) + confirm->module_count * sizeof *confirm->modules +
	                 confirm->count * sizeof *confirm->cycles + confirm->edge_count * sizeof *confirm->edges +
	                 confirm->frame_count * sizeof *confirm->frames;
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
	confirm_set_turns(confirm);
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
		free(confirm->predictions[i].id);
		free(confirm->predictions[i].message);
	}
	for (uint32_t i = 0; i < confirm->run_count; i++)
		free(confirm->runs[i]);
	free(confirm->predictions);
	free(confirm->cycles);
	free(confirm->locks);
	free(confirm->modules);
	free(confirm->edges);
	free(confirm->frames);
	free(confirm->path);
	*confirm = (struct confirm){0};
}
