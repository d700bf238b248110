/*
 * A stream that compresses its text for an HTML page: gzip, then base64, whose characters have no meaning in HTML.  The
 * result is split into HTML comments of some tens of thousands of characters.  A browser needs half the time for these
 * that it needs for one long text, or for the text of a script.
 */
#ifndef RINGTAIL_HTML_PACKED_H
#define RINGTAIL_HTML_PACKED_H

#include <stdbool.h>
#include <stdio.h>

struct packed;

/* The caller writes to *stream, which packed_close ends.  NULL: out of memory. */
struct packed *packed_open(FILE *out, FILE **stream);
/* True if everything was written to out, which stays open. */
bool packed_close(struct packed *packed);

#endif
