#include "tools/html/sources.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/report/json_value.h"

#define AROUND      2u         /* lines before and after */
#define LINE_BYTES  240u       /* most bytes of a line that are shown */
#define MOST_BYTES  (1u << 20) /* most bytes of all lines together */
#define NANOSECONDS 1000000000

struct sources {
	struct query *query;
	FILE *out;
	size_t left; /* bytes that may still be shown */
	bool begun;  /* true once a file was printed */
	/* The current file, whose lines are being gathered: */
	char *path;
	struct timespec made; /* when the program that was built from it was built */
	int64_t *lines;       /* ascending */
	size_t count, room;
};

/* Every place in the stacks of findings, by file. */
static const char places[] =
    "WITH RECURSIVE shown (process, id) AS ("
    " SELECT " STACK_HOME ", stack FROM finding_stack WHERE stack IS NOT NULL"
    " UNION SELECT " EDGE_HOME ", held_stack FROM finding_edge WHERE held_stack IS NOT NULL"
    " UNION SELECT " EDGE_HOME ", wanted_stack FROM finding_edge WHERE wanted_stack IS NOT NULL"
    " UNION SELECT s.process, s.parent FROM shown JOIN stack s ON s.process = shown.process AND s.id = "
    "shown.id)"
    " SELECT f.file, f.line, max(m.path), max(p.started_ns) FROM shown"
    " JOIN stack s ON s.process = shown.process AND s.id = shown.id"
    " JOIN frame f ON f.process = s.process AND f.pc = s.pc"
    " JOIN process p ON p.id = s.process"
    " LEFT JOIN module m ON m.process = f.process AND m.id = f.module"
    " WHERE f.line > 0 AND f.file LIKE '/%' GROUP BY f.file, f.line ORDER BY f.file, f.line";

/* A database may come from anywhere, and name any file: only files of source code are read from this machine's disk. */
static bool is_source(const char *path)
{
	static const char *const endings[] = {".c",   ".h", ".cc",  ".hh",  ".cpp", ".hpp", ".cxx", ".hxx", ".c++",
	                                      ".h++", ".C", ".H",   ".inc", ".inl", ".ipp", ".tcc", ".def", ".y",
	                                      ".l",   ".s", ".S",   ".asm", ".m",   ".mm",  ".rs",  ".go",  ".d",
	                                      ".zig", ".f", ".f90", ".F90", ".adb", ".ads", ".pas", ".nim", ".v"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static bool newer(struct timespec left, struct timespec right)
{
	return left.tv_sec != right.tv_sec ? left.tv_sec > right.tv_sec : left.tv_nsec > right.tv_nsec;
}

/* The time when the module was built, if it is still there; else the start of the process, which was later. */
static struct timespec time_made(const char *module, int64_t started)
{
	struct stat status;

	if (module && stat(module, &status) == 0)
		return status.st_mtim;
	return (struct timespec){started / NANOSECONDS, started % NANOSECONDS};
}

/* NULL: the file cannot be shown. */
static FILE *open_source(const struct sources *sources, bool *changed)
{
	int fd = is_source(sources->path) ? open(sources->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	struct stat status;
	FILE *file = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		*changed = newer(status.st_mtim, sources->made);
		file = fdopen(fd, "r");
	}
	if (!file)
		close(fd);
	return file;
}

static void print_line(struct sources *sources, int64_t number, char *text, bool first)
{
	char before[48];

	text[strcspn(text, "\r\n")] = '\0';
	if (strlen(text) > LINE_BYTES)
		text[LINE_BYTES] = '\0';
	sources->left -= strlen(text);
	snprintf(before, sizeof before, "%s\"%lld\": ", first ? "" : ", ", (long long)number);
	fputs(before, sources->out);
	json_print_text(sources->out, text);
}

static void print_lines(struct sources *sources, FILE *file)
{
	size_t next = 0, room = 0;
	char *text = NULL;
	bool first = true;

	for (int64_t number = 1; getline(&text, &room, file) >= 0; number++) {
		while (next < sources->count && sources->lines[next] + AROUND < number)
			next++;
		if (next == sources->count || sources->left < LINE_BYTES)
			break;
		if (number + AROUND >= sources->lines[next]) {
			print_line(sources, number, text, first);
			first = false;
		}
	}
	free(text);
}

/* Prints the lines that were gathered, and gets ready for the next file. */
static void print_file(struct sources *sources)
{
	bool changed = false;
	FILE *file = sources->path ? open_source(sources, &changed) : NULL;

	if (file) {
		fputs(sources->begun ? ",\n" : "", sources->out);
		json_print_text(sources->out, sources->path);
		fprintf(sources->out, ": {\"changed\": %s, \"lines\": {", changed ? "true" : "false");
		if (!changed)
			print_lines(sources, file);
		fputs("}}", sources->out);
		sources->begun = true;
		fclose(file);
	}
	free(sources->path);
	sources->path = NULL;
	sources->count = 0;
}

static void gather(struct sources *sources, sqlite3_stmt *row)
{
	const char *path = query_text(row, 0);

	if (!sources->path || strcmp(sources->path, path) != 0) {
		print_file(sources);
		sources->path = strdup(path);
		sources->made = time_made(query_text_or_null(row, 2), sqlite3_column_int64(row, 3));
	}
	GROW(sources->lines, sources->room, sources->count + 1);
	sources->lines[sources->count++] = sqlite3_column_int64(row, 1);
}

void sources_print(struct query *query, FILE *out)
{
	struct sources sources = {.query = query, .out = out, .left = MOST_BYTES};
	sqlite3_stmt *row = query_rows(query, places, 0);

	fputc('{', out);
	while (query_next(query, row))
		gather(&sources, row);
	print_file(&sources);
	fputc('}', out);
	sqlite3_finalize(row);
	free(sources.lines);
}
