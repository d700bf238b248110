/*
 * The header of the ring file, as this process fills it once (docs/FORMAT.md).
 */
#ifndef RINGTAIL_RING_HEADER_H
#define RINGTAIL_RING_HEADER_H

#include <stdint.h>

#include "shim/format.h"
#include "shim/ring_layout.h"

#pragma GCC visibility push(hidden)

/* Keeps the arguments for headers written later: the program may change its argv, to NULL even, and its forked children
 * write headers too.  Once, at boot. */
void ring_header_keep_command(void);

/* Fills a zeroed header and sets `ready` last, with release: a reader that sees it sees the rest.  image: which ring
 * file of this process id it is. */
void ring_header_write(struct rt_header *header, const struct ring_layout *layout, uint32_t image, const char *exe);

#pragma GCC visibility pop

#endif
