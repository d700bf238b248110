#include "tools/query/listing.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tools/finding/kinds.h"
#include "tools/base/format.h"
#include "tools/symbolize/names.h"

/* ---- findings ------------------------------------------------------------------------------ */

static void fill(struct listed *listed, const struct process *process, sqlite3_stmt *row)
{
	*listed = (struct listed){
	    .process = process,
	    .ordinal = sqlite3_column_int64(row, 0),
	    .kind = report_text(row, 1),
	    .class = report_text_or_null(row, 2),
	    .id = report_text(row, 3),
	    .message = report_text(row, 4),
	    .suppressed_by = report_text_or_null(row, 5),
	    .blocks = sqlite3_column_int64(row, 6),
	    .bytes = sqlite3_column_int64(row, 7),
	    .times = sqlite3_column_int64(row, 8),
	};
	snprintf(listed->name, sizeof(listed->name), "%s%s%s", listed->kind, listed->class ? ":" : "",
	         listed->class ? listed->class : "");
}

void listing_each(struct report *report, void (*take)(struct report *, const struct listed *, void *),
                  void *context)
{
	static const char sql[] =
	    "SELECT ordinal, kind, class, id, message, suppressed_by, blocks, bytes, times"
	    " FROM finding WHERE process = ? ORDER BY ordinal";
	sqlite3_stmt *processes = process_query(report);
	struct process process;

	while (process_next(report, processes, &process)) {
		sqlite3_stmt *row = report_query(report, sql, 1, process.id);
		struct listed listed;

		while (report_row(report, row)) {
			fill(&listed, &process, row);
			if (report_shows(report, listed.kind, listed.class))
				take(report, &listed, context);
		}
		sqlite3_finalize(row);
	}
	sqlite3_finalize(processes);
}

sqlite3_stmt *listing_stacks(struct report *report, int64_t process, int64_t finding)
{
	static const char sql[] =
	    "SELECT label, thread, at, stack, 0 AS part, ordinal AS place, process AS home"
	    " FROM finding_stack"
	    " WHERE process = ?1 AND finding = ?2"
	    " UNION ALL SELECT 'holds ' || held || ' since here', thread, held_since, held_stack, 1, 2 * "
	    "ordinal, " EDGE_HOME
	    " FROM finding_edge WHERE process = ?1 AND finding = ?2 AND held_stack IS NOT NULL"
	    " UNION ALL SELECT 'wants ' || wanted || ' here', thread, wanted_at, wanted_stack, 1, 2 * "
	    "ordinal + 1, " EDGE_HOME
	    " FROM finding_edge WHERE process = ?1 AND finding = ?2 ORDER BY part, place";

	return report_query(report, sql, 2, process, finding);
}

/* ---- places --------------------------------------------------------------------------------- */

const struct frame *listing_own_frame(const struct frames *frames)
{
	const struct frame *named = NULL;

	for (unsigned i = 0; i < frames_own(frames); i++) {
		const struct frame *frame = &frames->items[i];

		if (name_is_runtime(frame->module, frame->function, frame->file))
			continue;
		if (frame->file && frame->line)
			return frame;
		named = named ? named : frame;
	}
	return named ? named : frames->items;
}

struct place listing_place(struct report *report, const struct listed *listed)
{
	/* A deadlock is where a thread waits. */
	static const char sql[] = "SELECT wanted_stack, 0 AS part, ordinal FROM finding_edge"
	                          " WHERE process = ?1 AND finding = ?2 AND pid IS NULL"
	                          " UNION ALL SELECT stack, 1, ordinal FROM finding_stack"
	                          " WHERE process = ?1 AND finding = ?2 ORDER BY part, ordinal";
	sqlite3_stmt *row = report_query(report, sql, 2, listed->process->id, listed->ordinal);
	struct place place = {0};

	while (!place.frame && report_row(report, row)) {
		frames_free(&place.frames);
		place.frames = frames_load(report, listed->process->id, sqlite3_column_int64(row, 0));
		place.frame = listing_own_frame(&place.frames);
	}
	sqlite3_finalize(row);
	return place;
}

void listing_place_free(struct place *place) { frames_free(&place->frames); }

/* ---- text -------------------------------------------------------------------------------------- */

static void write_frame(FILE *out, unsigned number, const struct frame *frame)
{
	fprintf(out, "  #%u ", number);
	if (frame->function)
		fputs(frame->function, out);
	else
		fprintf(out, "%s+0x%llx", frame->module ? base_name(frame->module) : "?",
		        (unsigned long long)frame->offset);
	if (frame->file)
		fprintf(out, " (%s:%lld)", listing_path(frame->file), (long long)frame->line);
	else if (frame->function && frame->module)
		fprintf(out, " (%s)", base_name(frame->module));
	fputc('\n', out);
}

static void write_stacks(struct report *report, FILE *out, const struct listed *listed)
{
	sqlite3_stmt *row = listing_stacks(report, listed->process->id, listed->ordinal);

	while (report_row(report, row)) {
		struct frames frames = frames_load(report, sqlite3_column_int64(row, 6), sqlite3_column_int64(row, 3));

		fputs(report_text(row, 0), out);
		if (sqlite3_column_int64(row, 1))
			fprintf(out, ", thread %lld", (long long)sqlite3_column_int64(row, 1));
		fputs(":\n", out);
		for (unsigned i = 0; i < frames_own(&frames); i++)
			write_frame(out, i, &frames.items[i]);
		frames_free(&frames);
	}
	sqlite3_finalize(row);
}

char *listing_text(struct report *report, const struct listed *listed)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s\n", listed->message);
	write_stacks(report, out, listed);
	fclose(out);
	return text;
}

enum severity listing_severity(const struct report *report, const struct listed *listed)
{
	if (report_fails(report, listed->kind, listed->class))
		return SEVERITY_ERROR;
	return kind_is_quiet(listed->kind, listed->class) || kind_is(listed->kind, KIND_LOSS) ? SEVERITY_NOTE
	                                                                                   : SEVERITY_WARNING;
}

const char *listing_path(const char *path)
{
	static char here[PATH_MAX];
	size_t length;

	if (!*here && !getcwd(here, sizeof(here)))
		return path;
	length = strlen(here);
	return !strncmp(path, here, length) && path[length] == '/' && path[length + 1] ? path + length + 1
	                                                                               : path;
}
