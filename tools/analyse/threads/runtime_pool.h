/* Thread pools of language runtimes.  Such a pool lives as long as the process, and the program cannot join its
 * threads. */
#ifndef RINGTAIL_ANALYSE_RUNTIME_POOL_H
#define RINGTAIL_ANALYSE_RUNTIME_POOL_H

#include "tools/source/ring_file.h"

/* True if the runtime of OpenMP or TBB made the thread that was created at this stack. */
bool runtime_pool_made(const struct ring_file *ring, uint32_t stack);
/* True if the start routine on this stack of one frame is the C++ library's, which says nothing about the thread. */
bool runtime_starts_it(const struct ring_file *ring, uint32_t stack);

#endif
