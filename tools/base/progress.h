/*
 * One line on stderr for work that takes longer than a second, gone when it is
 * done.  Only on a terminal, or with RINGTAIL_PROGRESS=1; never with
 * RINGTAIL_PROGRESS=0.
 *
 * A thread of its own paints the line: the work may be a single long call of a
 * library.  Of works inside one another the innermost slow one is shown.
 */
#ifndef RINGTAIL_RENDER_PROGRESS_H
#define RINGTAIL_RENDER_PROGRESS_H

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

/* what: "reading events", ...; must outlive the progress, which must stay where it is. */
void progress_begin(struct progress *progress, const char *what, uint64_t total);
static inline void progress_update(struct progress *progress, uint64_t done)
{
	store_relaxed(&progress->done, done);
}
/* Removes the line.  May be called for one that was never shown. */
void progress_end(struct progress *progress);
/* While the program under test may be writing to the same terminal: show nothing. */
void progress_silence(bool silent);
/* In a child of fork: there is nobody here who would paint, nor will there be. */
void progress_forked(void);
/* A line on stderr, as printf, unless silenced. */
void progress_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
