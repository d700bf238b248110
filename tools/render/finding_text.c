#include "tools/render/finding_text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/format.h"

static void write_frame(FILE *out, unsigned number, const struct frame *frame)
{
	char room[FRAME_NAME_ROOM];

	fprintf(out, "  #%u ", number);
	fputs(frame_name(frame, room), out);
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

/* The path relative to the directory, if the file is below that. */
static const char *below(const char *directory, const char *path)
{
	size_t length = strlen(directory);

	return length && !strncmp(path, directory, length) && path[length] == '/' && path[length + 1]
	           ? path + length + 1
	           : path;
}

static const char *here(void)
{
	static char directory[PATH_MAX];

	if (!*directory && !getcwd(directory, sizeof(directory)))
		*directory = '\0';
	return directory;
}

const char *finding_path(const char *path) { return below(here(), path); }

static bool has_git(const char *directory)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/.git", directory);
	return access(path, F_OK) == 0;
}

const char *finding_root(void)
{
	static char root[PATH_MAX];
	char *slash;

	if (*root)
		return root;
	snprintf(root, sizeof(root), "%s", here());
	while (!has_git(root) && (slash = strrchr(root, '/')))
		*slash = '\0';
	if (!*root)
		snprintf(root, sizeof(root), "%s", here());
	return root;
}

const char *finding_source(const char *path) { return below(finding_root(), path); }
