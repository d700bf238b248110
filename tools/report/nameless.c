#include "tools/report/nameless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/symbolize/symbolize.h"

/* The system's own files have packages with their names, which its debuginfod server has. */
static bool is_of_system(const char *path)
{
	return (!strncmp(path, "/usr/", 5) && strncmp(path, "/usr/local/", 11) != 0) || !strncmp(path, "/lib", 4) ||
	       !strncmp(path, "/bin/", 5) || !strncmp(path, "/sbin/", 6);
}

enum nameless nameless_reason(const char *path, const char *missing)
{
	if (missing && !strcmp(missing, SYMBOLS_NOT_FOUND))
		return NAMELESS_NOT_FOUND;
	if (missing && !strcmp(missing, SYMBOLS_STRIPPED))
		return is_of_system(path) ? NAMELESS_OF_SYSTEM : NAMELESS_OWN;
	return NAMELESS_NOT;
}

enum nameless nameless_of(struct query *query, const char *path)
{
	/* Of several processes that had it, one may have found no server. */
	sqlite3_stmt *row =
	    query_rows(query,
	               "SELECT missing FROM module WHERE path = ? ORDER BY missing = '" SYMBOLS_NOT_FOUND
	               "' DESC, missing = '" SYMBOLS_STRIPPED "' DESC LIMIT 1",
	               0);
	enum nameless reason = NAMELESS_NOT;

	if (row && sqlite3_bind_text(row, 1, path, -1, SQLITE_STATIC) == SQLITE_OK && query_next(query, row))
		reason = nameless_reason(path, query_text_or_null(row, 0));
	sqlite3_finalize(row);
	return reason;
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

/* ---- what to do ----------------------------------------------------------------------------------- */

char *nameless_advice(const struct query *query, enum nameless reason)
{
	char *text = NULL;

	if (reason == NAMELESS_OWN)
		return strdup("build without -s, and do not strip");
	if (reason == NAMELESS_NOT_FOUND)
		return strdup("debuginfod has none");
	if (asprintf(&text, "%sDEBUGINFOD_URLS=%s ringtail report %s brings them",
	             has_client() ? "" : "install libdebuginfod; then ", server(), query->directory) < 0)
		return NULL;
	return text;
}
