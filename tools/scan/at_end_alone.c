/*
 * The scan for a program without a live reader.  The program waits until the scan is over, so the scan is small and
 * quick: it needs no library but libc, and takes from the events only the live blocks and the threads (live.h).
 */
#include <stdint.h>
#include <stdlib.h>

#include "shim/atomics.h"
#include "tools/scan/at_end.h"
#include "tools/scan/at_end_handshake.h"
#include "tools/scan/live.h"

/* Says in the ring why a report will find no .scan file. */
static void note_unwritten(struct ring_file *ring, int error)
{
	store_relaxed(&ring->shared->scan_missed, RT_SCAN_MISSED_UNWRITTEN | (uint32_t)error << RT_SCAN_MISSED_SHIFT);
}

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
	if (!scan_at_end_make(&subject, &scan, NULL)) /* the live reader makes it after all, or the program is gone */
		return EXIT_INTERNAL;
	int error = leak_scan_write(&scan, path);
	if (error)
		note_unwritten(&ring, error);
	scan_at_end_let_go(&ring, scan.done);
	return error ? EXIT_INTERNAL : EXIT_FINE;
}
