#include "tools/query/listing.h"

#include <stdio.h>
#include <string.h>

#include "tools/finding/kinds.h"

/* ---- findings ------------------------------------------------------------------------------ */

static void fill(struct listed *listed, const struct process *process, sqlite3_stmt *row)
{
	*listed = (struct listed){
	    .process = process,
	    .ordinal = sqlite3_column_int64(row, 0),
	    .kind = query_text(row, 1),
	    .class = query_text_or_null(row, 2),
	    .id = query_text(row, 3),
	    .message = query_text(row, 4),
	    .suppressed_by = query_text_or_null(row, 5),
	    .blocks = sqlite3_column_int64(row, 6),
	    .bytes = sqlite3_column_int64(row, 7),
	    .times = sqlite3_column_int64(row, 8),
	    .information = sqlite3_column_int(row, 9),
	    .kept_blocks = sqlite3_column_int64(row, 10),
	    .kept_bytes = sqlite3_column_int64(row, 11),
	    .by_default = sqlite3_column_int(row, 12),
	};
	snprintf(listed->name, sizeof(listed->name), "%s%s%s", listed->kind, listed->class ? ":" : "",
	         listed->class ? listed->class : "");
}

static struct finding_weight weight_of(const struct listed *listed)
{
	return (struct finding_weight){listed->kind, listed->class, listed->information};
}

void listing_each(struct query *query, void (*take)(void *context, const struct listed *), void *context)
{
	static const char sql[] =
	    "SELECT ordinal, kind, class, id, message, suppressed_by, blocks, bytes, times, information,"
	    " kept_blocks, kept_bytes, suppressed_by_default"
	    " FROM finding WHERE process = ? ORDER BY ordinal";
	sqlite3_stmt *processes = process_query(query);
	struct process process;

	while (process_next(query, processes, &process)) {
		sqlite3_stmt *row = query_rows(query, sql, 1, process.id);
		struct listed listed;

		while (query_next(query, row)) {
			fill(&listed, &process, row);
			if (query_shows(query, weight_of(&listed)))
				take(context, &listed);
		}
		sqlite3_finalize(row);
	}
	sqlite3_finalize(processes);
}

sqlite3_stmt *listing_stacks(struct query *query, int64_t process, int64_t finding)
{
	static const char sql[] =
	    "SELECT label, thread, at, stack, 0 AS part, ordinal AS place, " STACK_HOME " AS home, pid"
	    " FROM finding_stack"
	    " WHERE process = ?1 AND finding = ?2"
	    " UNION ALL SELECT 'holds ' || held || ' since here', thread, held_since, held_stack, 1, 2 * "
	    "ordinal, " EDGE_HOME
	    ", pid FROM finding_edge WHERE process = ?1 AND finding = ?2 AND held_stack IS NOT NULL"
	    " AND NOT ahead"
	    " UNION ALL SELECT 'wants ' || wanted || ' here', thread, wanted_at, wanted_stack, 1, 2 * "
	    "ordinal + 1, " EDGE_HOME
	    ", pid FROM finding_edge WHERE process = ?1 AND finding = ?2 ORDER BY part, place";

	return query_again(query, sql, 2, process, finding);
}

/* ---- places --------------------------------------------------------------------------------- */

struct place listing_place(struct query *query, const struct listed *listed)
{
	/* The place of a deadlock is one where a thread waits. */
	static const char sql[] = "SELECT wanted_stack, 0 AS part, ordinal FROM finding_edge"
	                          " WHERE process = ?1 AND finding = ?2 AND pid IS NULL"
	                          " UNION ALL SELECT stack, 1, ordinal FROM finding_stack"
	                          " WHERE process = ?1 AND finding = ?2 AND pid IS NULL ORDER BY part, ordinal";
	sqlite3_stmt *row = query_rows(query, sql, 2, listed->process->id, listed->ordinal);
	struct place place = {0};

	while (!place.where.frame && query_next(query, row)) {
		frames_free(&place.frames);
		place.frames = frames_load(query, listed->process->id, sqlite3_column_int64(row, 0));
		place.where = where_in_source(&place.frames);
	}
	sqlite3_finalize(row);
	return place;
}

void listing_place_free(struct place *place) { frames_free(&place->frames); }

enum severity listing_severity(const struct query *query, const struct listed *listed)
{
	if (query_fails(query, weight_of(listed)))
		return SEVERITY_ERROR;
	return query_is_quiet(weight_of(listed)) || kind_is(listed->kind, KIND_LOSS) ? SEVERITY_NOTE : SEVERITY_WARNING;
}
