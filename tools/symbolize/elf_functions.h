/* The functions of a file as its unwind table has them: also of a stripped file, which has no symbols for them. */
#ifndef RINGTAIL_SYMBOLIZE_ELF_FUNCTIONS_H
#define RINGTAIL_SYMBOLIZE_ELF_FUNCTIONS_H

#include <gelf.h>
#include <stdint.h>

/* The first address of the function that contains the address; 0: not known.  Addresses are the file's own.  A part of
 * a function that the compiler put elsewhere ("f.cold") is a function of its own here.  The file may be damaged; elf
 * may be NULL. */
uint64_t elf_function_start(Elf *elf, uint64_t address);

#endif
