/*
 * A snapshot: the state of the processes of a run at one moment, as `ringtail leaks --now` found it.
 *
 * It is a separate database beside the run's, RUN/now-N.db, with the same tables.  Every command takes it in place of a
 * RUN, and two snapshots can be compared.  The file gets its name when it is complete.
 */
#ifndef RINGTAIL_NOW_SNAPSHOT_H
#define RINGTAIL_NOW_SNAPSHOT_H

#include "tools/recording/recording.h"
#include "tools/store/store.h"

struct snapshot {
	char *directory, *part; /* directory: of the run.  part: path of the database while it is being written */
	unsigned number;
	struct store store;
	uint64_t started; /* CLOCK_REALTIME ns of the first process */
	double seconds;   /* until the last one was looked at */
	char **command;   /* of the first process */
};

/* Begins the snapshot with the next free number in the directory. */
bool snapshot_begin(struct snapshot *snapshot, const char *directory, struct error *err);
/* Lets the analysers conclude on the process in its present state, and stores it.  The result of a scan is taken from
 * recording->analysis->scan.  No more events may be read into the recording after this. */
bool snapshot_add(struct snapshot *snapshot, struct recording *recording, struct error *err);
/* Completes the file and gives it its name.  *path is malloced. */
bool snapshot_end(struct snapshot *snapshot, char **path, struct error *err);
/* Frees the snapshot.  Without snapshot_end no file is left. */
void snapshot_free(struct snapshot *snapshot);

#endif
