#include "tools/scan/at_end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/scan/at_end_handshake.h"

bool scan_at_end(struct recording *recording, const struct scan_tick *tick)
{
	struct leak_scan *scan = &recording->analysis->scan;
	struct scan_subject subject = scan_subject_of(recording);

	if (!scan_at_end_make(&subject, scan, tick))
		return false;
	store_relaxed(&recording->ring.shared->scan_missed, RT_SCAN_MISSED_WITH_READER);
	scan_at_end_let_go(&recording->ring, scan->done);
	return true;
}

static void why_with_reader(const struct ring_file *ring, char *out, size_t size)
{
	uint32_t reader = ring_file_reader(ring);

	if (reader)
		snprintf(out, size, "`ringtail run` (pid %u) has made it, and has not stored it yet", reader);
	else
		snprintf(out, size, "`ringtail run` had made it, and ended before it was stored");
}

/* A scan was made, and there is no .scan file that can be read: says why as far as that is known.  error: of reading
 * it. */
static void note_no_file(struct leak_scan *scan, const struct ring_file *ring, int error)
{
	uint32_t missed = load_relaxed(&ring->shared->scan_missed);

	scan->tried = true;
	if ((missed & RT_SCAN_MISSED_KIND) == RT_SCAN_MISSED_WITH_READER)
		why_with_reader(ring, scan->why_not, sizeof scan->why_not);
	else if ((missed & RT_SCAN_MISSED_KIND) == RT_SCAN_MISSED_UNWRITTEN)
		snprintf(scan->why_not, sizeof scan->why_not,
		         "the result of the leak scan could not be written into the run: %s",
		         strerror((int)(missed >> RT_SCAN_MISSED_SHIFT)));
	else if (error)
		snprintf(scan->why_not, sizeof scan->why_not, "the result of the leak scan cannot be read: %s",
		         strerror(error));
	else
		snprintf(scan->why_not, sizeof scan->why_not,
		         "the result of the leak scan cannot be read: the .scan file is damaged");
}

void scan_at_end_take(struct recording *recording)
{
	uint32_t state = load_acquire(&recording->ring.shared->scan_state);
	struct leak_scan *scan = &recording->analysis->scan;
	char *path = leak_scan_path(recording->ring.path);

	if (state != RT_SCAN_DONE && state != RT_SCAN_REFUSED)
		/* the process ran on after the scan, or never waited for it: the result is out of date */
		leak_scan_free(scan);
	else if (!scan->tried && path && !leak_scan_read(scan, path))
		note_no_file(scan, &recording->ring, access(path, R_OK) ? errno : 0);
	free(path);
}
