/* What report, leaks, deadlocks, heap, threads and locks share: RUN, options, the database, the renderer. */
#ifndef RINGTAIL_COMMANDS_VIEW_H
#define RINGTAIL_COMMANDS_VIEW_H

#include "tools/render/report.h"

struct format {
	const char *name;
	bool (*render)(struct report *);
};
/* text and json, which end with a row without a name, as all tables of formats do */
extern const struct format view_formats[];

struct view {
	const char *name;             /* of the command */
	const char *about;            /* what it shows: the first paragraph of its --help */
	const char *examples;         /* the end of its --help */
	unsigned parts;               /* PART_* */
	const struct format *formats; /* the first is the default */
	const char *only;             /* kinds, where the user does not say */
	bool takes_only;              /* has the option --only */
	bool is_check;                /* has the option --fail-on, and exit code 66 where it matched */
};

/* Runs the whole command; returns its exit code. */
int view_command(const struct view *view, int argc, char **argv);

/* RUN found and analysed; *directory is malloced.  False: err is filled. */
bool view_find_run(const char *argument, char **directory, struct error *err);
/* Anything but a closed or full stdout. */
bool view_flush(struct error *err);

#endif
