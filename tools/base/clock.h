/* The ring's clock, read from outside the watched program: the present time, and how many nanoseconds a tick is. */
#ifndef RINGTAIL_BASE_CLOCK_H
#define RINGTAIL_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/format.h"

uint64_t ring_clock_ns(int id); /* clock_gettime(id), in nanoseconds */
/* The present time in ticks of this clock (enum rt_clock).  It can be compared with the ring's stamps only on the same
 * machine and in the same boot. */
uint64_t ring_clock_now(uint32_t clock);
/* Nanoseconds per tick; never zero, negative or infinite, whatever the header says.  same_boot: the machine has not
 * been booted since the ring was made, so that the present time can be compared with the ring's stamps. */
double ring_clock_rate(const struct rt_header *header, struct rt_clock_pair latest, bool same_boot);
/* True if the machine still runs in the boot that the header names. */
bool ring_clock_same_boot(const struct rt_header *header);

#endif
