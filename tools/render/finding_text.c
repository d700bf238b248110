#include "tools/render/finding_text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/format.h"

static void write_frame(FILE *out, unsigned number, const struct frame *frame)
{
	fprintf(out, "  #%u ", number);
	if (frame->function)
		fputs(frame->function, out);
	else
		fprintf(out, "%s+0x%llx", frame->module ? base_name(frame->module) : "?",
		        (unsigned long long)frame->offset);
	if (frame->file)
		fprintf(out, " (%s:%lld)", finding_path(frame->file), (long long)frame->line);
	else if (frame->function && frame->module)
		fprintf(out, " (%s)", base_name(frame->module));
	fputc('\n', out);
}

static void write_stacks(struct report *report, FILE *out, const struct listed *listed)
{
	sqlite3_stmt *row = listing_stacks(&report->query, listed->process->id, listed->ordinal);

	while (query_next(&report->query, row)) {
		struct frames frames =
		    frames_load(&report->query, sqlite3_column_int64(row, 6), sqlite3_column_int64(row, 3));

		fputs(query_text(row, 0), out);
		if (sqlite3_column_int64(row, 1))
			fprintf(out, ", thread %lld", (long long)sqlite3_column_int64(row, 1));
		fputs(":\n", out);
		for (unsigned i = 0; i < frames_own(&frames); i++)
			write_frame(out, i, &frames.items[i]);
		frames_free(&frames);
	}
	query_done(&report->query, row);
}

char *finding_text(struct report *report, const struct listed *listed)
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

const char *finding_path(const char *path)
{
	static char here[PATH_MAX];
	size_t length;

	if (!*here && !getcwd(here, sizeof(here)))
		return path;
	length = strlen(here);
	return !strncmp(path, here, length) && path[length] == '/' && path[length + 1] ? path + length + 1 : path;
}
