/*
 * One line on stderr for work that takes longer than a second; it disappears when the work is done.  The line is shown
 * only on a terminal, or with RINGTAIL_PROGRESS=1; never with RINGTAIL_PROGRESS=0.
 *
 * A separate thread paints the line, because the work may be a single long call into a library.  Where one piece of
 * work contains another, the innermost one that is slow is shown.
 */
#ifndef RINGTAIL_BASE_PROGRESS_H
#define RINGTAIL_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/atomics.h"

struct progress {
	const char *what;
	uint64_t done, total; /* total 0: not known */
	uint64_t started_ns;
	struct progress *outer;
	bool listed;
};

/* what: "reading events", ...; it must outlive the progress.  The struct must not move until progress_end. */
void progress_begin(struct progress *progress, const char *what, uint64_t total);
static inline void progress_update(struct progress *progress, uint64_t done) { store_relaxed(&progress->done, done); }
/* Removes the line.  May be called for a progress that was never shown. */
void progress_end(struct progress *progress);
/* true: shows nothing from now on, as the watched program may be writing to the same terminal. */
void progress_silence(bool silent);
/* Call this in a child of fork: the painting thread does not exist there, and none is started. */
void progress_forked(void);
/* Prints a line to stderr, as printf, unless silenced. */
void progress_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
