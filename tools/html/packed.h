/*
 * A stream whose text arrives compressed, in letters that mean nothing in HTML: gzip, then base64, in
 * comments of some tens of thousands.  A browser takes half the time for these that it takes for one long
 * text, or for a script's.
 */
#ifndef RINGTAIL_PAGE_PACKED_H
#define RINGTAIL_PAGE_PACKED_H

#include <stdbool.h>
#include <stdio.h>

struct packed;

/* *stream is to be written to, and ends with packed_close.  NULL: no memory. */
struct packed *packed_open(FILE *out, FILE **stream);
/* Whether all of it is in out, which stays open. */
bool packed_close(struct packed *packed);

#endif
