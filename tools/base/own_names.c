#include "tools/base/own_names.h"

#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct own_name {
	const char *allocates, *frees;
} names[] = {
#define OWN_NAME(allocates, frees) {allocates, frees},
#include "tools/base/own_names.def"
};

#define NAMES (sizeof names / sizeof *names)

struct search {
	bool allocates[NAMES], frees[NAMES];
	bool malloc; /* defined here: these are other names of its functions, or parts of it */
};

static void note(struct search *search, const char *symbol, bool defined)
{
	search->malloc |= defined && symbol && !strcmp(symbol, "malloc");
	for (size_t i = 0; symbol && i < NAMES; i++) {
		search->allocates[i] |= !strcmp(symbol, names[i].allocates);
		search->frees[i] |= !strcmp(symbol, names[i].frees);
	}
}

static bool is_function(const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);

	return type == STT_FUNC || type == STT_GNU_IFUNC;
}

static void search_section(struct search *search, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	int count = data && header->sh_entsize ? (int)(header->sh_size / header->sh_entsize) : 0;
	GElf_Sym symbol;

	for (int i = 0; i < count && gelf_getsym(data, i, &symbol); i++)
		if (is_function(&symbol))
			note(search, elf_strptr(elf, header->sh_link, symbol.st_name), symbol.st_shndx != SHN_UNDEF);
}

const char *own_name_in(int fd)
{
	struct search search = {0};
	GElf_Shdr header;

	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	for (Elf_Scn *section = NULL; elf && (section = elf_nextscn(elf, section));)
		if (gelf_getshdr(section, &header) && (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB))
			search_section(&search, elf, section, &header);
	elf_end(elf);
	for (size_t i = 0; i < NAMES && !search.malloc; i++)
		if (search.allocates[i] && search.frees[i])
			return names[i].allocates;
	return NULL;
}
