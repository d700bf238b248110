/*
 * A program without a live reader waits for this: the ring is opened, read and looked at by what needs nothing but libc, and
 * knows no more of the events than what is live.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/scan/at_end.h"
#include "tools/scan/live.h"

static bool open_ring(struct recording *recording, const char *path)
{
	struct error err;

	memset(recording, 0, sizeof *recording);
	if (!ring_file_open(&recording->ring, path, true, &err))
		return false;
	recording->merge = merge_new(&recording->ring);
	recording->live = live_new(&recording->ring);
	return true;
}

/* Nothing is freed: the program waits until this process is gone. */
int scan_at_end_alone(const char *ring_path)
{
	struct recording recording;
	struct leak_scan scan = {0};
	char *path = leak_scan_path(ring_path);

	if (!path || !open_ring(&recording, ring_path))
		return EXIT_BAD_DATA;
	bool good = scan_at_end_make(&recording, &scan, NULL) && leak_scan_write(&scan, path);
	scan_at_end_let_go(&recording, scan.done);
	return good ? EXIT_FINE : EXIT_INTERNAL;
}
