#include "tools/base/gzip.h"

#include <stdint.h>

#define WINDOW_OF_GZIP (15 + 16) /* zlib's: the largest, with a gzip header */

bool gzip_begin(struct gzip *gzip, FILE *out)
{
	gzip->out = out;
	gzip->stream = (z_stream){0};
	gzip->failed = deflateInit2(&gzip->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_OF_GZIP, 8,
	                            Z_DEFAULT_STRATEGY) != Z_OK;
	return !gzip->failed;
}

static void deflate_all(struct gzip *gzip, int flush)
{
	int result;

	do {
		gzip->stream.next_out = gzip->buffer;
		gzip->stream.avail_out = sizeof gzip->buffer;
		result = deflate(&gzip->stream, flush);
		size_t made = sizeof gzip->buffer - gzip->stream.avail_out;
		gzip->failed |= result == Z_STREAM_ERROR || fwrite(gzip->buffer, 1, made, gzip->out) != made;
	} while (!gzip->failed && gzip->stream.avail_out == 0);
}

void gzip_write(struct gzip *gzip, const void *bytes, size_t count)
{
	if (gzip->failed)
		return;
	gzip->stream.next_in = (void *)(uintptr_t)bytes;
	gzip->stream.avail_in = (uInt)count;
	deflate_all(gzip, Z_NO_FLUSH);
}

bool gzip_end(struct gzip *gzip)
{
	if (!gzip->failed)
		deflate_all(gzip, Z_FINISH);
	deflateEnd(&gzip->stream);
	return !gzip->failed;
}
