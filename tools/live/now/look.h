/* Looks at the present state of processes: stops each for a moment, lets it go on, and then analyses what was read. */
#ifndef RINGTAIL_NOW_LOOK_H
#define RINGTAIL_NOW_LOOK_H

#include "tools/recording/recording.h"
#include "tools/scan/leak_scan.h"

struct looked_at {
	struct recording *recording;
	struct leak_snapshot snapshot;
	struct leak_scan scan;
};

struct now_look {
	uint64_t pause_ns;            /* a process may be stopped this long at most */
	const struct scan_tick *tick; /* may be NULL */
	struct looked_at *items;
	size_t count, room;
};

/* Reads the events that the process has recorded so far, and its memory.  The recording must not move until
 * now_look_free. */
void now_look_add(struct now_look *look, struct recording *recording);
/* True if the memory of at least one process was read.  Else err says why.  pid: the process asked for; 0: all. */
bool now_look_is_good(const struct now_look *look, uint32_t pid, struct error *err);
/* Finds the classes of the blocks, and stores the snapshot.  *path: of the snapshot, malloced.  The analyses of the
 * recordings have concluded after that, so a live reader that wants to read on calls this in a child of fork. */
bool now_look_store(struct now_look *look, const char *run, char **path, struct error *err);
void now_look_free(struct now_look *look);

#endif
