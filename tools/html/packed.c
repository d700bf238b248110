#include "tools/html/packed.h"

#include <stdlib.h>

#include "tools/base/gzip.h"

#define PIECE 32768 /* letters; browsers split texts of more than 64 Ki */

struct packed {
	FILE *out, *plain, *letters; /* plain -> gzip -> letters -> out */
	struct gzip gzip;
	unsigned char rest[3]; /* bytes that wait for a third one */
	unsigned rest_count;
	char made[PIECE];
	size_t made_count;
};

static void write_made(struct packed *packed)
{
	if (packed->made_count)
		fprintf(packed->out, "<!--%.*s-->", (int)packed->made_count, packed->made);
	packed->made_count = 0;
}

/* Writes three bytes, of which count are given, as four letters. */
static void put_letters(struct packed *packed, unsigned count)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = (unsigned)packed->rest[0] << 16 | (unsigned)packed->rest[1] << 8 | packed->rest[2];

	for (unsigned i = 0; i < 4; i++)
		packed->made[packed->made_count++] = i <= count ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
	if (packed->made_count == sizeof packed->made)
		write_made(packed);
}

static ssize_t write_letters(void *cookie, const char *bytes, size_t count)
{
	struct packed *packed = cookie;

	for (size_t i = 0; i < count; i++) {
		packed->rest[packed->rest_count++] = (unsigned char)bytes[i];
		if (packed->rest_count == sizeof packed->rest) {
			put_letters(packed, 3);
			packed->rest_count = 0;
		}
	}
	return ferror(packed->out) ? 0 : (ssize_t)count;
}

static int end_letters(void *cookie)
{
	struct packed *packed = cookie;

	for (unsigned i = packed->rest_count; i < sizeof packed->rest; i++)
		packed->rest[i] = 0;
	if (packed->rest_count)
		put_letters(packed, packed->rest_count);
	write_made(packed);
	return ferror(packed->out) ? EOF : 0;
}

static ssize_t write_plain(void *cookie, const char *bytes, size_t count)
{
	struct packed *packed = cookie;

	gzip_write(&packed->gzip, bytes, count);
	return packed->gzip.failed ? 0 : (ssize_t)count;
}

static int end_plain(void *cookie)
{
	struct packed *packed = cookie;

	return gzip_end(&packed->gzip) ? 0 : EOF;
}

struct packed *packed_open(FILE *out, FILE **stream)
{
	struct packed *packed = calloc(1, sizeof *packed);

	if (!packed)
		return NULL;
	packed->out = out;
	packed->letters =
	    fopencookie(packed, "w", (cookie_io_functions_t){.write = write_letters, .close = end_letters});
	packed->plain = fopencookie(packed, "w", (cookie_io_functions_t){.write = write_plain, .close = end_plain});
	if (packed->letters && packed->plain && gzip_begin(&packed->gzip, packed->letters)) {
		*stream = packed->plain;
		return packed;
	}
	free(packed);
	return NULL;
}

bool packed_close(struct packed *packed)
{
	bool good = fclose(packed->plain) == 0;

	good &= fclose(packed->letters) == 0;
	free(packed);
	return good;
}
