/* Which allocator a program has brought along. */
#ifndef RINGTAIL_SYMBOLIZE_ALLOCATORS_H
#define RINGTAIL_SYMBOLIZE_ALLOCATORS_H

/* Searches the executable behind the descriptor.  Returns a name of allocators.def; NULL: none of these is in it. */
const char *allocator_in(int fd);

#endif
