/*
 * One line on stderr for work that takes longer than a second, gone when it is
 * done.  Only on a terminal, or with RINGTAIL_PROGRESS=1; never with
 * RINGTAIL_PROGRESS=0.
 */
#ifndef RINGTAIL_RENDER_PROGRESS_H
#define RINGTAIL_RENDER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	uint64_t total;     /* 0: not known */
	uint64_t next_look; /* the clock is not read for each step */
	uint64_t step;
	uint64_t started_ns, shown_ns;
	bool wanted, shown;
};

/* what: "reading events", ...; must outlive the progress. */
void progress_begin(struct progress *progress, const char *what, uint64_t total);
void progress_update(struct progress *progress, uint64_t done);
/* Removes the line.  May be called for one that was never shown. */
void progress_end(struct progress *progress);
/* While the program under test may be writing to the same terminal: show nothing. */
void progress_silence(bool silent);
/* A line on stderr, as printf, unless silenced. */
void progress_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
