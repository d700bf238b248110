/* Writes a gzip file to a stream, piece by piece. */
#ifndef RINGTAIL_GZIP_H
#define RINGTAIL_GZIP_H

#include <stdbool.h>
#include <stdio.h>
#include <zlib.h>

struct gzip {
	FILE *out;
	z_stream stream;
	bool failed;
	unsigned char buffer[1 << 16];
};

bool gzip_begin(struct gzip *gzip, FILE *out);
void gzip_write(struct gzip *gzip, const void *bytes, size_t count);
/* Ends the gzip file.  True if every write succeeded.  The stream stays open. */
bool gzip_end(struct gzip *gzip);

#endif
