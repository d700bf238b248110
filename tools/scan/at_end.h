/* The scan that a program waits for at its end: the tool's side of shim/scan.h. */
#ifndef RINGTAIL_SCAN_AT_END_H
#define RINGTAIL_SCAN_AT_END_H

#include "tools/scan/leak_scan.h"

/* Makes the scan if the program waits for it; the result goes to the recording's analysis.  Returns whether it did. */
bool scan_at_end(struct recording *recording, const struct scan_tick *tick);

/* `ringtail-scan RING`: by a program that has no live reader.  What was seen goes to the .scan file. */
int scan_at_end_alone(const char *ring_path);

/* The two halves of it: what the program waits for, and letting it go. */
bool scan_at_end_make(struct recording *recording, struct leak_scan *scan, const struct scan_tick *tick);
void scan_at_end_let_go(struct recording *recording, bool done);

/* What is known of the end of a process that has ended: from a scan just made, or the .scan file. */
void scan_at_end_take(struct recording *recording);

#endif
