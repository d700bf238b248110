/* Allocators that an executable has beside malloc, under names of their own: calls of these come to no hook. */
#ifndef RINGTAIL_BASE_OWN_NAMES_H
#define RINGTAIL_BASE_OWN_NAMES_H

/* Searches the symbols of the ELF file behind the descriptor.  Returns the name of the function that allocates, such as
 * "je_malloc"; NULL: none of own_names.def, or the file defines malloc itself.  An executable without symbols may have
 * one all the same. */
const char *own_name_in(int fd);

#endif
