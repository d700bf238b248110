/* The tracer of data races, which a scan that stops the process cannot run beside: a thread has one tracer at most. */
#ifndef RINGTAIL_SCAN_RACE_TRACER_H
#define RINGTAIL_SCAN_RACE_TRACER_H

#include "tools/source/ring_file.h"

/* Asks the tracer of the ring's process to end, if it has one; no data races are looked for in the process from then
 * on.  Does not wait: target_stop waits for another tracer to go. */
void race_tracer_end(const struct ring_file *ring);

#endif
