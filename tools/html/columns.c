#include "tools/html/columns.h"

#include <stdlib.h>

#include "tools/base/memory.h"

#define AT_ONCE 65536 /* rows whose bytes are gathered before they are written */

void column_reserve(struct column *column, size_t rows)
{
	GROW(column->values, column->room, rows);
	memory_dense(column->values, column->room * sizeof *column->values);
}

void column_put(struct column *column, uint64_t value)
{
	GROW(column->values, column->room, column->count + 1);
	column->values[column->count++] = value;
	if (value > column->largest)
		column->largest = value;
}

static unsigned bytes_of(uint64_t value)
{
	unsigned bytes = 0;

	for (; value; value >>= 8)
		bytes++;
	return bytes;
}

/* Writes byte number `which` of every row. */
static void write_plane(FILE *out, const struct column *column, unsigned which)
{
	unsigned char plane[AT_ONCE];
	size_t filled = 0;

	for (size_t i = 0; i < column->count; i++) {
		plane[filled++] = (unsigned char)(column->values[i] >> 8 * which);
		if (filled == sizeof plane || i + 1 == column->count) {
			fwrite(plane, 1, filled, out);
			filled = 0;
		}
	}
}

void columns_put(struct columns *columns, const char *name, struct column *column)
{
	unsigned planes = bytes_of(column->largest);

	for (unsigned i = 0; i < planes; i++)
		write_plane(columns->bytes, column, i);
	fprintf(columns->directory, "\"%s\":[%llu,%zu,%u]", name, (unsigned long long)columns->at, column->count,
	        planes);
	columns->at += (uint64_t)planes * column->count;
	free(column->values);
	*column = (struct column){0};
}
