#include "tools/render/report.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/render/format.h"
#include "tools/symbolize/names.h"

/* A stack in a database from elsewhere may go round in circles. */
#define WALK                                                                                                 \
	"WITH RECURSIVE walk(depth, parent, pc) AS ("                                                        \
	" SELECT 0, parent, pc FROM stack WHERE process = ?1 AND id = ?2"                                    \
	" UNION ALL SELECT depth + 1, s.parent, s.pc FROM walk JOIN stack s"                                 \
	" ON s.process = ?1 AND s.id = walk.parent WHERE depth < 1023) "

static const char frames_sql[] =
    WALK "SELECT f.function, f.file, f.line, f.inlined, m.path, f.offset, m.build_id,"
         " coalesce(f.function_offset, -1), m.missing FROM walk"
         " JOIN frame f ON f.process = ?1 AND f.pc = walk.pc"
         " LEFT JOIN module m ON m.process = ?1 AND m.id = f.module ORDER BY walk.depth, f.ordinal";
static const char root_sql[] = WALK "SELECT parent FROM walk ORDER BY depth DESC LIMIT 1";

static sqlite3_stmt *prepared(struct report *report, sqlite3_stmt **query, const char *sql, int64_t process,
                              int64_t stack)
{
	if (!*query)
		*query = report_query(report, sql, 0);
	if (!*query)
		return NULL;
	sqlite3_reset(*query);
	sqlite3_bind_int64(*query, 1, process);
	sqlite3_bind_int64(*query, 2, stack);
	return *query;
}

static char *copy_column(sqlite3_stmt *row, int column)
{
	const char *text = report_text_or_null(row, column);

	return text ? strdup(text) : NULL;
}

static bool append(struct frames *frames, unsigned *room, sqlite3_stmt *row)
{
	if (frames->count == *room) {
		unsigned wanted = *room ? *room * 2 : 32;
		struct frame *larger = reallocarray(frames->items, wanted, sizeof(*larger));

		if (!larger)
			return false;
		frames->items = larger;
		*room = wanted;
	}
	frames->items[frames->count++] = (struct frame){
	    .function = copy_column(row, 0),
	    .file = copy_column(row, 1),
	    .line = sqlite3_column_int64(row, 2),
	    .inlined = sqlite3_column_int(row, 3),
	    .module = copy_column(row, 4),
	    .offset = sqlite3_column_int64(row, 5),
	    .build_id = copy_column(row, 6),
	    .into = sqlite3_column_int64(row, 7),
	    .missing = copy_column(row, 8),
	};
	return true;
}

struct frames frames_load(struct report *report, int64_t process, int64_t stack)
{
	struct frames frames = {0};
	unsigned room = 0;
	sqlite3_stmt *query;

	if (stack < RT_NODE_FIRST)
		return frames;
	query = prepared(report, &report->frames_query, frames_sql, process, stack);
	while (report_row(report, query) && append(&frames, &room, query))
		;
	query = prepared(report, &report->root_query, root_sql, process, stack);
	if (report_row(report, query))
		frames.root = (unsigned)sqlite3_column_int(query, 0);
	return frames;
}

void frames_free(struct frames *frames)
{
	for (unsigned i = 0; i < frames->count; i++) {
		free(frames->items[i].function);
		free(frames->items[i].file);
		free(frames->items[i].module);
		free(frames->items[i].build_id);
		free(frames->items[i].missing);
	}
	free(frames->items);
	memset(frames, 0, sizeof(*frames));
}

static bool is_libc(const struct frame *frame)
{
	const char *name = frame->module ? base_name(frame->module) : NULL;

	return name && !strncmp(name, "libc.so", 7);
}

unsigned frames_own(const struct frames *frames)
{
	unsigned own = frames->count;

	for (unsigned i = 0; i < frames->count; i++) {
		if (name_is_main(frames->items[i].function))
			return i + 1;
	}
	while (own > 1 && is_libc(&frames->items[own - 1]))
		own--;
	return own;
}
