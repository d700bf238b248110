/* Makes the .races file of a synthetic ring, to the byte what a tracer would write. */
#ifndef RINGTAIL_TESTS_RACES_BUILDER_H
#define RINGTAIL_TESTS_RACES_BUILDER_H

#include "tools/races/races_file.h"

struct races_builder {
	char path[256];
	struct races_file *file; /* mapped: a test may change it */
};

/* Makes a file that watches, beside the ring of this path. */
void races_builder_make(struct races_builder *builder, const char *ring_path);
/* Unmaps and removes it. */
void races_builder_remove(struct races_builder *builder);
/* Adds a pair of accesses of 8 bytes: a write by tid 1002 at one place, and a read by tid 1003 at another, with the
 * shape of a plain move by gcc.  The test may change it. */
struct races_caught *races_builder_catch(struct races_builder *builder, uint64_t stamp, const void *address,
                                         void (*writes)(void), void (*reads)(void));

#endif
