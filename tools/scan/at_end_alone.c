/*
 * The scan for a program without a live reader.  The program waits until the scan is over, so the scan is small and
 * quick: it needs no library but libc, and takes from the events only the live blocks and the threads (live.h).
 */
#include <stdlib.h>

#include "tools/scan/at_end.h"
#include "tools/scan/at_end_handshake.h"
#include "tools/scan/live.h"

/* Nothing is freed: the program waits until this process is gone. */
int scan_at_end_alone(const char *ring_path)
{
	struct ring_file ring;
	struct leak_scan scan = {0};
	struct error err;
	char *path = leak_scan_path(ring_path);

	if (!path || !ring_file_open(&ring, ring_path, true, &err))
		return EXIT_BAD_DATA;
	struct scan_subject subject = live_subject(live_new(), &ring, merge_new(&ring));
	bool good = scan_at_end_make(&subject, &scan, NULL) && leak_scan_write(&scan, path);
	scan_at_end_let_go(&ring, scan.done);
	return good ? EXIT_FINE : EXIT_INTERNAL;
}
