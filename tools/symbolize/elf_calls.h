/* Calls in the machine code of a file. */
#ifndef RINGTAIL_SYMBOLIZE_ELF_CALLS_H
#define RINGTAIL_SYMBOLIZE_ELF_CALLS_H

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>

/* Where the call in front of this return address goes, if that is a direct call of code of this file and not of its
 * PLT.  Addresses are the file's own.  False also for elf NULL, and for machines other than x86-64 and aarch64. */
bool elf_calls(Elf *elf, uint64_t return_address, uint64_t *target);

#endif
