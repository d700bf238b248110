#include "tools/render/text/text_nameless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/format.h"
#include "tools/report/nameless.h"

#define NAMED_MOST 2 /* files that are named; of more, their number is said */

void nameless_files_add(struct nameless_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->paths[i], path))
			return;
	if (files->count < NAMELESS_FILES)
		files->paths[files->count++] = path;
}

/* "git, libdbus-1.so.3 and 2 more files"; malloced. */
static char *list(const struct nameless_files *files)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < files->count && i < NAMED_MOST; i++)
		fprintf(out, "%s%s", !i ? "" : i + 1 < files->count ? ", " : " and ", base_name(files->paths[i]));
	if (files->count > NAMED_MOST)
		fprintf(out, " and %zu more %s", files->count - NAMED_MOST,
		        plural(files->count - NAMED_MOST, "file", "files"));
	fclose(out);
	return text;
}

/* ---- the lines ------------------------------------------------------------------------------------- */

static void print_hint(struct report *report, const struct nameless_files *files, enum nameless reason)
{
	char *names = list(files), *advice = nameless_advice(&report->query, reason), *text = NULL;

	if (names && advice && asprintf(&text, "no names in %s: %s", names, advice) >= 0)
		page_paragraph(report, 4, text);
	free(text);
	free(advice);
	free(names);
}

void text_nameless(struct report *report, struct nameless_files files)
{
	struct nameless_files by_reason[NAMELESS_REASONS] = {0};

	for (size_t i = 0; i < files.count; i++) {
		enum nameless reason = nameless_of(&report->query, files.paths[i]);

		if (reason != NAMELESS_NOT)
			nameless_files_add(&by_reason[reason], files.paths[i]);
	}
	for (int reason = 0; reason < NAMELESS_REASONS; reason++)
		if (by_reason[reason].count)
			print_hint(report, &by_reason[reason], (enum nameless)reason);
}
