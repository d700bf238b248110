/* The leak scan at the end of a program, which waits for it: the tool's side of shim/scan.h. */
#ifndef RINGTAIL_SCAN_AT_END_H
#define RINGTAIL_SCAN_AT_END_H

#include "tools/recording/recording.h"
#include "tools/scan/leak_scan.h"

/* If the program waits for its scan: makes it, puts the result into the recording's analysis and lets the program go
 * on.  True if it did. */
bool scan_at_end(struct recording *recording, const struct scan_tick *tick);

/* `ringtail-scan RING`, which a program without a live reader starts.  The result goes to the .scan file. */
int scan_at_end_alone(const char *ring_path);

/* For a process that has ended: keeps the scan that was just made, or reads it from the .scan file.  A scan that the
 * process did not wait for is dropped. */
void scan_at_end_take(struct recording *recording);

#endif
