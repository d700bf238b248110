/*
 * Tables of numbers as a browser reads them quickly: column by column, and each column byte by byte, all of
 * its lowest bytes first, so that gzip finds alike what is alike.  src/columns.js reads them.
 */
#ifndef RINGTAIL_PAGE_COLUMNS_H
#define RINGTAIL_PAGE_COLUMNS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct column { /* zeroed: without a row */
	uint64_t *values;
	size_t count, room;
	uint64_t largest;
};

struct columns {
	FILE *bytes;     /* where columns go, one behind the other */
	uint64_t at;     /* how many are there */
	FILE *directory; /* where it is said which are where: [first byte, rows, bytes a row], JSON; no bytes
	                    where all are 0 */
};

/* Room for so many, before the first: a long one need not be copied as it grows. */
void column_reserve(struct column *column, size_t rows);
void column_put(struct column *column, uint64_t value);
/* Writes it, and lets go of it. */
void columns_put(struct columns *columns, const char *name, struct column *column);

#endif
