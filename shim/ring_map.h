/* Where the ring file is mapped: the one place that maps and unmaps it. */
#ifndef RINGTAIL_RING_MAP_H
#define RINGTAIL_RING_MAP_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Maps the whole file; NULL when the limits of the process do not allow it.  In a forked child the parent's ring goes. */
unsigned char *ring_map(int fd, uint64_t bytes);

/* Bytes that a ring may take of an address space that is limited to so many; UINT64_MAX: not limited. */
uint64_t ring_map_share(uint64_t address_space);

/* The program has limited its address space: gives back what the ring does not use yet. */
void ring_map_give_back(uint64_t address_space);

/* Of the ring that is mapped: in a forked child that has none of its own yet, its parent's.  NULL: there is none. */
struct rt_header *ring_map_header(void);

#pragma GCC visibility pop

#endif
