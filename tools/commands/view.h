/*
 * What report, check, leaks, deadlocks, heap, threads and locks share: a report on a run, in one of some formats.  Such a
 * command is a row, struct view; which options it takes is said in options.def.
 */
#ifndef RINGTAIL_COMMANDS_VIEW_H
#define RINGTAIL_COMMANDS_VIEW_H

#include "tools/commands/gate.h"
#include "tools/options/arguments.h"
#include "tools/render/report.h"
#include "tools/store/store.h"

struct format {
	const char *name;
	bool (*render)(struct report *);
	bool binary; /* not for a terminal */
};
/* text and json, which end with a row without a name, as all tables of formats do */
extern const struct format view_formats[];

struct view {
	enum command_id command;
	const char *about;                     /* what it shows: the first paragraph of its --help */
	const char *examples;                  /* the end of its --help */
	unsigned parts;                        /* PART_* */
	const struct format *formats;          /* what --format takes */
	const char *only;                      /* kinds, where the user does not say */
	enum verdict (*judge)(struct report *report); /* of what --fail-on names; NULL: there is no check */
};

/* Runs the whole command; returns its exit code. */
int view_command(const struct view *view, int argc, char **argv);

/* ---- its parts, for commands that show something else -------------------------------- */

/* As arguments_parse.  Where --help was given, *helped is set, and the help is on stdout. */
bool view_parse(const struct view *view, int argc, char **argv, struct arguments *arguments, bool *helped, struct error *err);
/* The format that was given. */
const struct format *view_format(const struct view *view, const struct options *options);
/* A report on the database to out, as it was chosen; path: as the user knows it. */
struct report view_report(const struct view *view, const struct options *options, const char *path, sqlite3 *db,
                          FILE *out, struct suppress *suppress, struct error *err);

/* RUN found, analysed and opened; *directory is malloced.  False: err is filled. */
bool view_open_run(const char *argument, char **directory, struct store *store, struct error *err);

/* Anything but a closed or full stdout. */
bool view_flush(struct error *err);

#endif
