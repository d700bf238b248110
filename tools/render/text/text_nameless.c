#include "tools/render/text/text_nameless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/format.h"
#include "tools/symbolize/symbolize.h"

#define NAMED_MOST 2 /* files that are named; of more, their number is said */

void nameless_files_add(struct nameless_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->paths[i], path))
			return;
	if (files->count < NAMELESS_FILES)
		files->paths[files->count++] = path;
}

/* True if the file's names are missing for this reason. */
static bool is_missing(struct report *report, const char *path, const char *reason)
{
	sqlite3_stmt *row =
	    query_rows(&report->query, "SELECT 1 FROM module WHERE path = ? AND missing = ? LIMIT 1", 0);
	bool found = row && sqlite3_bind_text(row, 1, path, -1, SQLITE_STATIC) == SQLITE_OK &&
	             sqlite3_bind_text(row, 2, reason, -1, SQLITE_STATIC) == SQLITE_OK &&
	             query_next(&report->query, row);

	sqlite3_finalize(row);
	return found;
}

/* The system's own files have packages with their names, which its debuginfod server has. */
static bool is_of_system(const char *path)
{
	return (!strncmp(path, "/usr/", 5) && strncmp(path, "/usr/local/", 11) != 0) || !strncmp(path, "/lib", 4) ||
	       !strncmp(path, "/bin/", 5) || !strncmp(path, "/sbin/", 6);
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

/* ---- the server of this system ------------------------------------------------------------------- */

static const struct {
	const char *id, *url;
} servers[] = {
    {"debian", "https://debuginfod.debian.net"},        {"ubuntu", "https://debuginfod.ubuntu.com"},
    {"fedora", "https://debuginfod.fedoraproject.org"}, {"arch", "https://debuginfod.archlinux.org"},
    {"opensuse", "https://debuginfod.opensuse.org"},
};

static bool reads_id(FILE *file, char *id, size_t size)
{
	char line[256];

	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, "ID=", 3) != 0)
			continue;
		const char *value = line + 3 + strspn(line + 3, "\"'");
		snprintf(id, size, "%.*s", (int)strcspn(value, "\"'\n"), value);
		return true;
	}
	return false;
}

/* elfutils' own server asks those of all systems that it knows. */
static const char *server(void)
{
	char id[64] = "";
	FILE *file = fopen("/etc/os-release", "re");

	if (file && !reads_id(file, id, sizeof id))
		*id = '\0';
	if (file)
		fclose(file);
	for (size_t i = 0; *id && i < sizeof servers / sizeof *servers; i++)
		if (!strncmp(id, servers[i].id, strlen(servers[i].id)))
			return servers[i].url;
	return "https://debuginfod.elfutils.org";
}

static bool has_client(void)
{
	static const char *const places[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64",
	                                     "/usr/lib"};
	char path[128];

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(path, sizeof path, "%s/libdebuginfod.so.1", places[i]);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

/* ---- the lines ------------------------------------------------------------------------------------- */

static void print_hint(struct report *report, const struct nameless_files *files, const char *what)
{
	char *names = files->count ? list(files) : NULL, *text = NULL;

	if (names && asprintf(&text, "no names in %s: %s", names, what) >= 0)
		page_paragraph(report, 4, text);
	free(text);
	free(names);
}

static void print_downloads(struct report *report, const struct nameless_files *files)
{
	char *what;

	if (asprintf(&what, "%sDEBUGINFOD_URLS=%s ringtail report %s brings them",
	             has_client() ? "" : "install libdebuginfod; then ", server(), report->query.directory) < 0)
		return;
	print_hint(report, files, what);
	free(what);
}

void text_nameless(struct report *report, struct nameless_files files)
{
	struct nameless_files of_system = {0}, own = {0}, not_found = {0};

	for (size_t i = 0; i < files.count; i++) {
		const char *path = files.paths[i];

		if (is_missing(report, path, SYMBOLS_NOT_FOUND))
			nameless_files_add(&not_found, path);
		else if (is_missing(report, path, SYMBOLS_STRIPPED))
			nameless_files_add(is_of_system(path) ? &of_system : &own, path);
	}
	print_downloads(report, &of_system);
	print_hint(report, &own, "build without -s, and do not strip");
	print_hint(report, &not_found, "debuginfod has none");
}
