#include "tools/base/elf_names.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not by libelf: ringtail-scan, which a program waits for, is linked with nothing. */

struct file {
	int fd;
	uint64_t bytes;
};

/* The part of the file, and a zero byte behind it; malloced.  NULL: the file has no such part. */
static void *read_part(const struct file *file, uint64_t offset, uint64_t bytes)
{
	char *part = offset <= file->bytes && bytes <= file->bytes - offset ? malloc(bytes + 1) : NULL;

	if (part && pread(file->fd, part, bytes, (off_t)offset) == (ssize_t)bytes) {
		part[bytes] = '\0';
		return part;
	}
	free(part);
	return NULL;
}

static const Elf64_Shdr *find_symbols(const Elf64_Shdr *sections, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (sections[i].sh_type == SHT_DYNSYM && sections[i].sh_link < count)
			return &sections[i];
	return NULL;
}

static bool visit_symbols(const struct file *file, const Elf64_Shdr *table, const Elf64_Shdr *names,
                          void (*visit)(void *context, const char *name, bool defined), void *context)
{
	Elf64_Sym *symbols = read_part(file, table->sh_offset, table->sh_size);
	char *strings = read_part(file, names->sh_offset, names->sh_size);

	for (size_t i = 1; symbols && strings && i < table->sh_size / sizeof *symbols; i++)
		if (symbols[i].st_name && symbols[i].st_name < names->sh_size)
			visit(context, strings + symbols[i].st_name, symbols[i].st_shndx != SHN_UNDEF);
	bool good = symbols && strings;
	free(symbols);
	free(strings);
	return good;
}

bool elf_names(int fd, void (*visit)(void *context, const char *name, bool defined), void *context)
{
	struct stat status;
	Elf64_Ehdr header;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode) ||
	    pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr))
		return false;
	struct file file = {fd, (uint64_t)status.st_size};
	Elf64_Shdr *sections = read_part(&file, header.e_shoff, (uint64_t)header.e_shnum * sizeof *sections);
	const Elf64_Shdr *table = sections ? find_symbols(sections, header.e_shnum) : NULL;
	bool good = table && visit_symbols(&file, table, &sections[table->sh_link], visit, context);
	free(sections);
	return good;
}
