/* The library of calls_kept_free: data with the addresses of functions, which the loader copies into the executable. */
#include <stdlib.h>

void *(*kept_malloc)(size_t) = malloc;
void (*kept_free)(void *) = free;
