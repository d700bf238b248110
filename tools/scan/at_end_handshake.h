/*
 * The tool's steps of the handshake with a program that waits at its end: S2 to S4 of shim/scan.h.
 */
#ifndef RINGTAIL_SCAN_AT_END_HANDSHAKE_H
#define RINGTAIL_SCAN_AT_END_HANDSHAKE_H

#include "tools/scan/leak_scan.h"

/* S2 and S3: makes the scan if the program waits for one.  Returns whether it did; then scan_at_end_let_go must follow,
 * once the result is where the report finds it. */
bool scan_at_end_make(const struct scan_subject *subject, struct leak_scan *scan, const struct scan_tick *tick);
/* S4: the program goes on.  done: the scan succeeded. */
void scan_at_end_let_go(struct ring_file *ring, bool done);

#endif
