/* What report, leaks, deadlocks, heap, threads and locks share: RUN, options, the database, the renderer. */
#ifndef RINGTAIL_COMMANDS_VIEW_H
#define RINGTAIL_COMMANDS_VIEW_H

#include "tools/options/options.h"
#include "tools/query/report.h"
#include "tools/store/store.h"

struct format {
	const char *name;
	bool (*render)(struct report *);
	bool binary; /* not for a terminal */
};
/* text and json, which end with a row without a name, as all tables of formats do */
extern const struct format view_formats[];

struct view {
	const char *name;             /* of the command */
	const char *arguments;        /* the runs that it takes; NULL: "[RUN]" */
	unsigned runs;                /* how many must be named; 0: one may */
	const char *about;            /* what it shows: the first paragraph of its --help */
	const char *examples;         /* the end of its --help */
	unsigned parts;               /* PART_* */
	const struct format *formats; /* the first is the default */
	const char *only;             /* kinds, where the user does not say */
	bool takes_only;              /* has the option --only */
	bool is_check;                /* has the option --fail-on, and exit code 66 where it matched */
	bool takes_now;               /* has the options --now and --pause */
	bool takes_by;                /* has the option --by */
	bool takes_file;              /* has the option -o */
};

#define VIEW_RUNS 2

struct view_choices { /* what was asked for */
	const char *runs[VIEW_RUNS]; /* NULL: the newest one */
	const char *color, *only, *by;
	const char *file; /* NULL: standard output */
	const struct format *format;
	unsigned limit;
	bool full_stacks, now, help;
	double pause;           /* seconds; 0: not said */
	struct options options; /* those that `run` has too; to be freed */
};

/* Runs the whole command; returns its exit code. */
int view_command(const struct view *view, int argc, char **argv);

/* The parts of view_command, for commands that show something else. */
bool view_parse(const struct view *view, int argc, char **argv, struct view_choices *choices, struct error *err);
void view_help(const struct view *view);
/* A report on the database to out, as it was chosen; path: as the user knows it. */
struct report view_report(const struct view *view, const struct view_choices *choices, const char *path, sqlite3 *db,
                          FILE *out, struct suppress *suppress, struct error *err);

/* RUN found, analysed and opened; *directory is malloced.  False: err is filled. */
bool view_open_run(const char *argument, char **directory, struct store *store, struct error *err);

/* Anything but a closed or full stdout. */
bool view_flush(struct error *err);

#endif
