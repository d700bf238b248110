/* The ring's clock, from outside of the program: now, and how many nanoseconds a tick is. */
#ifndef RINGTAIL_RING_CLOCK_H
#define RINGTAIL_RING_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/format.h"

uint64_t ring_clock_ns(int id); /* of clock_gettime */
/* Now, in ticks of this clock (enum rt_clock); means something on the machine and boot of the ring only. */
uint64_t ring_clock_now(uint32_t clock);
/* Nanoseconds per tick; never zero, negative or infinite, whatever the header says.  same_boot: the machine
 * has not been booted since, so that a moment taken now can be compared with the ring's. */
double ring_clock_rate(const struct rt_header *header, struct rt_clock_pair latest, bool same_boot);
/* Whether this is the boot that the header names. */
bool ring_clock_same_boot(const struct rt_header *header);

#endif
