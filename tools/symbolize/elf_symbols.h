/* The symbols of one module's functions or of its variables, sorted by address.  libdwfl's own lookup reads the whole
 * table for each address. */
#ifndef RINGTAIL_SYMBOLIZE_ELF_SYMBOLS_H
#define RINGTAIL_SYMBOLIZE_ELF_SYMBOLS_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_symbol {
	uint64_t start, end; /* in the module's address space */
	const char *name;    /* owned by libdwfl */
	bool sized, local;
};

struct elf_symbols {
	struct elf_symbol *items;
	size_t count;
};

enum elf_symbol_kind { ELF_FUNCTIONS, ELF_VARIABLES };

/* Loads the symbols that libdwfl finds: symtab, dynsym or minidebuginfo.  Without any, the result is empty. */
void elf_symbols_load(struct elf_symbols *symbols, Dwfl_Module *module, enum elf_symbol_kind kind);
/* The function or variable that contains address, or NULL. */
const struct elf_symbol *elf_symbols_find(const struct elf_symbols *symbols, uint64_t address);
void elf_symbols_free(struct elf_symbols *symbols);

#endif
