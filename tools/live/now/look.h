/* A look at processes as they are now: stopped for a moment each, let go on, and then concluded on. */
#ifndef RINGTAIL_NOW_LOOK_H
#define RINGTAIL_NOW_LOOK_H

#include "tools/scan/leak_scan.h"

struct looked_at {
	struct recording *recording;
	struct leak_look look;
	struct leak_scan scan;
};

struct now_look {
	uint64_t pause_ns;            /* for which a process may be stopped at most */
	const struct scan_tick *tick; /* may be NULL */
	struct looked_at *items;
	size_t count, room;
};

/* Reads what the process has recorded so far, and looks at its memory.  The recording must stay where it is. */
void now_look_add(struct now_look *look, struct recording *recording);
/* Whether there is anything to tell.  pid: that was asked for, 0: all. */
bool now_look_is_good(const struct now_look *look, uint32_t pid, struct error *err);
/* Classes and stores.  The analyses of the recordings are at their end after that: whoever reads on calls this in a
 * child of fork.  *path: of the snapshot, malloced. */
bool now_look_store(struct now_look *look, const char *run, char **path, struct error *err);
void now_look_free(struct now_look *look);

#endif
