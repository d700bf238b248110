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
	scan_at_end_let_go(&recording->ring, scan->done);
	return true;
}

/* The `ringtail-scan` that the program started has scanned, and left no file that can be read. */
static void note_unwritten(struct leak_scan *scan, const char *path)
{
	bool unreadable = !access(path, F_OK) && access(path, R_OK);

	scan->tried = true;
	if (unreadable)
		snprintf(scan->why_not, sizeof scan->why_not, "the result of the leak scan cannot be read: %s",
		         strerror(errno));
	else
		snprintf(scan->why_not, sizeof scan->why_not,
		         "the result of the leak scan could not be written into the run: the disk was full, or past a "
		         "quota or RLIMIT_FSIZE");
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
		note_unwritten(scan, path);
	free(path);
}
