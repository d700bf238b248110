/* The names by which an ELF file offers functions and data to others, and those that it asks of others. */
#ifndef RINGTAIL_BASE_ELF_NAMES_H
#define RINGTAIL_BASE_ELF_NAMES_H

#include <stdbool.h>

/* Calls visit with the name of each dynamic symbol of the file behind the descriptor.  defined: the file has it itself.
 * False: the file has no table of dynamic symbols that can be read. */
bool elf_names(int fd, void (*visit)(void *context, const char *name, bool defined), void *context);

#endif
