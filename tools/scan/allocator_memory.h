/*
 * The memory of a stopped process that belongs to its allocator: what the allocator has mapped, and the data of its
 * libraries (shim/known_allocator.h).  The blocks in it are known, and nothing else there is the program's.  Blocks
 * that the allocator itself got from malloc or new are the exception: it keeps them there.
 *
 * All this holds unless the program calls functions of the allocator that are not hooked: their blocks are not known,
 * and some take pointers that the allocator keeps.  So the modules of the process must ask for none of these.
 */
#ifndef RINGTAIL_SCAN_ALLOCATOR_MEMORY_H
#define RINGTAIL_SCAN_ALLOCATOR_MEMORY_H

#include "tools/analyse/heap/allocator_maps.h"
#include "tools/scan/roots.h"
#include "tools/scan/subject.h"
#include "tools/target/target.h"

/* Replaces *memory: empty if the memory is not the allocator's alone, or if that is not certain.  The caller frees it.
 */
void allocator_memory_find(struct allocator_memory *memory, const struct scan_subject *subject,
                           const struct target *target, const struct live_block *blocks, size_t count);
void allocator_memory_free(struct allocator_memory *memory);

#endif
