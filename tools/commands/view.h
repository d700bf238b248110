/*
 * The commands report, check, leaks, deadlocks, heap, threads and locks: each prints a report on a run, in one of
 * several formats.  Such a command is a row, struct view.  options.def lists its options.
 */
#ifndef RINGTAIL_COMMANDS_VIEW_H
#define RINGTAIL_COMMANDS_VIEW_H

#include "tools/commands/gate.h"
#include "tools/commands/output.h"
#include "tools/options/arguments.h"
#include "tools/query/selection.h"
#include "tools/report/report.h"
#include "tools/store/store.h"

struct format {
	const char *name;
	bool (*render)(struct report *);
	bool binary; /* not for a terminal */
};
/* text and json.  Every table of formats ends with a row without a name. */
extern const struct format view_formats[];

struct view {
	enum command_id command;
	const char *about;                            /* what it shows: the first paragraph of its --help */
	const char *examples;                         /* the end of its --help */
	unsigned parts;                               /* PART_* */
	const struct format *formats;                 /* the values of --format */
	const char *only;                             /* the kinds that it shows without --only */
	enum verdict (*judge)(struct report *report); /* the check of --fail-on; NULL: there is no check */
};

/* Runs the whole command; returns its exit code. */
int view_command(const struct view *view, int argc, char **argv);

/* ---- the parts of view_command, for commands that show something else ------------------ */

/* As arguments_parse.  If --help was given, prints the help to stdout and sets *helped. */
bool view_parse(const struct view *view, int argc, char **argv, struct arguments *arguments, bool *helped,
                struct error *err);
/* The format that the user chose. */
const struct format *view_format(const struct view *view, const struct options *options);
/* How the report is written to standard output. */
enum output_kind view_output_kind(const struct view *view, const struct options *options);
/* Makes a report on the database, to be written to out, by the user's options.  path: the run, as the user named it. */
struct report view_report(const struct view *view, const struct options *options, const char *path, sqlite3 *db,
                          FILE *out, struct suppress *suppress, struct error *err);

/* Finds RUN, analyses it and opens its database.  *directory is malloced.  False: err is filled. */
bool view_open_run(const char *argument, char **directory, struct store *store, struct error *err);

/* The processes that --pid, --exe and --process select. */
struct selection view_selection(const struct options *options);

/* Flushes stdout, and ends the pager.  False, with err filled, if it is closed or full. */
bool view_flush(struct error *err);

#endif
