/*
 * Tables of numbers in a form that a browser reads quickly: column by column.  In a column all lowest bytes come first,
 * then all second bytes, and so on: similar bytes lie together, and gzip compresses them well.  src/columns.js reads
 * them.
 */
#ifndef RINGTAIL_HTML_COLUMNS_H
#define RINGTAIL_HTML_COLUMNS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct column { /* zeroed: without a row */
	uint64_t *values;
	size_t count, room;
	uint64_t largest;
};

struct columns {
	FILE *bytes;     /* the columns, one after the other */
	uint64_t at;     /* number of bytes written so far */
	FILE *directory; /* JSON that tells where each column is: [first byte, rows, bytes in a row]; a column of zeros
	                    has no bytes */
};

/* Reserves room before the first value, so that a long column is not copied as it grows. */
void column_reserve(struct column *column, size_t rows);
void column_put(struct column *column, uint64_t value);
/* Writes the column and frees its values. */
void columns_put(struct columns *columns, const char *name, struct column *column);

#endif
