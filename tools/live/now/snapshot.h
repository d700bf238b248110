/*
 * A snapshot: what `ringtail leaks --now` saw of the processes of a run at one moment.
 *
 * It is a database of its own beside the run's, RUN/now-N.db, with the same tables: every command takes it for a RUN,
 * and two of them can be compared.  Whoever finds one finds all of it.
 */
#ifndef RINGTAIL_NOW_SNAPSHOT_H
#define RINGTAIL_NOW_SNAPSHOT_H

#include "tools/recording/recording.h"
#include "tools/store/store.h"

struct snapshot {
	char *directory, *part; /* of the run; the database while it is being written */
	unsigned number;
	struct store store;
	uint64_t started; /* CLOCK_REALTIME ns of the first process */
	double seconds;   /* until the last one was looked at */
	char **command;   /* of the first process */
};

/* Takes the next number in the directory. */
bool snapshot_begin(struct snapshot *snapshot, const char *directory, struct error *err);
/* Lets the analysers conclude on the process as it is now, with what a scan found in recording->analysis->scan, and
 * stores it.  Nothing may be read from the recording after this. */
bool snapshot_add(struct snapshot *snapshot, struct recording *recording, struct error *err);
/* Gives it its name; *path is malloced. */
bool snapshot_end(struct snapshot *snapshot, char **path, struct error *err);
/* Frees; what was not ended leaves no file. */
void snapshot_free(struct snapshot *snapshot);

#endif
