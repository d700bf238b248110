/* Runtimes that make threads for a pool of theirs, which lives as long as the process: nobody can join those. */
#ifndef RINGTAIL_ANALYSE_RUNTIME_POOL_H
#define RINGTAIL_ANALYSE_RUNTIME_POOL_H

#include "tools/source/ring_file.h"

/* Whether the thread that was made at this stack was made by OpenMP's runtime, or TBB. */
bool runtime_pool_made(const struct ring_file *ring, uint32_t stack);

#endif
