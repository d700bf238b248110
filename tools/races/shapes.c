#include "tools/races/shapes.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define GCC_FIRST 5  /* older ones were not looked at */
#define GCC_LAST  15 /* later ones fuse volatile accesses, -ffuse-ops-with-volatile-access */

/* A set of compilers for each shape. */
static const unsigned plain_by[RACE_SHAPES] = {
    [RACE_SHAPE_TEST] = RACE_BY_GCC,
    [RACE_SHAPE_OPERAND] = RACE_BY_GCC,
    [RACE_SHAPE_UPDATE] = RACE_BY_GCC,
    [RACE_SHAPE_CALL] = RACE_BY_GCC | RACE_BY_LLVM,
    [RACE_SHAPE_JUMP] = RACE_BY_LLVM,
    [RACE_SHAPE_PUSH] = RACE_BY_GCC,
    [RACE_SHAPE_VECTOR] = RACE_BY_GCC | RACE_BY_LLVM,
    [RACE_SHAPE_STRING] = RACE_BY_GCC | RACE_BY_LLVM,
};

bool race_shape_is_plain(enum race_shape shape, unsigned compilers)
{
	return compilers && shape < RACE_SHAPES && !(compilers & ~plain_by[shape]);
}

/* ---- compilers -------------------------------------------------------------------------------- */

/* The first number behind a blank: of " 12.2.0", as of "GNU C17 12.2.0 -mtune=generic". */
static unsigned gcc_of(const char *text)
{
	unsigned long version;

	while (*text && !(text[0] == ' ' && text[1] >= '0' && text[1] <= '9'))
		text++;
	version = strtoul(text, NULL, 10);
	return version >= GCC_FIRST && version <= GCC_LAST ? RACE_BY_GCC : RACE_BY_OTHERS;
}

static bool starts(const char *text, const char *with) { return !strncmp(text, with, strlen(with)); }

unsigned race_compilers_named(const char *text)
{
	if (!*text || starts(text, "Linker: "))
		return 0;
	if (strstr(text, "clang version") || strstr(text, "rustc version") || strstr(text, "clang LLVM"))
		return RACE_BY_LLVM;
	if (starts(text, "GCC: (") && strchr(text, ')')) /* "GCC: (Debian 12.2.0-14) 12.2.0" */
		return gcc_of(strchr(text, ')'));
	if (starts(text, "GNU C") || starts(text, "GNU Fortran") || starts(text, "GNU GIMPLE"))
		return gcc_of(text);
	return RACE_BY_OTHERS;
}

static unsigned named_in(const Elf_Data *data)
{
	const char *text = data->d_buf;
	unsigned compilers = 0;

	for (size_t at = 0, length; text && at < data->d_size; at += length + 1) {
		length = strnlen(text + at, data->d_size - at);
		if (at + length == data->d_size) /* not ended: damaged */
			return compilers | RACE_BY_OTHERS;
		compilers |= race_compilers_named(text + at);
	}
	return compilers;
}

static bool is_comment(Elf *elf, Elf_Scn *section, size_t names)
{
	GElf_Shdr header;
	const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;

	return name && header.sh_type == SHT_PROGBITS && !strcmp(name, ".comment");
}

unsigned race_compilers_of(int fd)
{
	unsigned compilers = 0;
	Elf_Scn *section = NULL;
	size_t names;

	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_getshdrstrndx(elf, &names) == 0)
		while ((section = elf_nextscn(elf, section))) {
			Elf_Data *data = is_comment(elf, section, names) ? elf_rawdata(section, NULL) : NULL;

			if (data)
				compilers |= named_in(data);
		}
	elf_end(elf);
	return compilers;
}
