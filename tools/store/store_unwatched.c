/* Calls that are not seen, and why. */
#include "shim/atomics.h"
#include "tools/base/text.h"
#include "tools/store/writer.h"

#include <string.h>

static void store_unwatched_row(struct writer *writer, int64_t ordinal, const char *what, const char *module,
                                const char *why)
{
	struct row row = row_begin(writer, TABLE_unwatched);

	row_int(&row, ordinal);
	row_text(&row, what);
	row_text(&row, module);
	row_text(&row, why);
	row_end(&row);
}

static const char *why_heap(uint32_t unseen)
{
	return unseen == RT_HEAP_IN_PROGRAM
	           ? "malloc is linked into the program itself, which calls it directly"
	           : "malloc is that of a library preloaded before ringtail's: preload it behind";
}

void store_unwatched(struct writer *writer)
{
	uint32_t unseen = load_relaxed(&writer->ring->shared->heap_unseen);

	if (unseen)
		store_unwatched_row(writer, 1, "heap", unseen == RT_HEAP_IN_PROGRAM ? writer->ring->header.exe : NULL,
		                    why_heap(unseen));
}
