#include "tools/symbolize/elf_calls.h"

#include <endian.h>
#include <string.h>

#define X86_CALL_BYTES 5 /* e8, and four bytes of distance from the return address */
#define A64_BYTES      4 /* bl: six bits of operation, 26 of distance in instructions from itself */
#define A64_BL         0x25u

/* The section with code that contains the address; NULL: there is none. */
static Elf_Scn *code_at(Elf *elf, uint64_t address, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, header) && header->sh_type == SHT_PROGBITS &&
		    header->sh_flags & SHF_EXECINSTR && address - header->sh_addr < header->sh_size)
			return section;
	return NULL;
}

/* Copies bytes of code.  False: they are not in the file. */
static bool read_code(Elf *elf, uint64_t address, void *to, size_t size)
{
	GElf_Shdr header;
	Elf_Scn *section = code_at(elf, address, &header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	uint64_t offset = data ? address - header.sh_addr : 0;

	if (!data || !data->d_buf || data->d_size < size || offset > data->d_size - size)
		return false;
	memcpy(to, (const char *)data->d_buf + offset, size);
	return true;
}

static bool is_plt(Elf *elf, const GElf_Shdr *header)
{
	size_t names;
	const char *name = elf_getshdrstrndx(elf, &names) == 0 ? elf_strptr(elf, names, header->sh_name) : NULL;

	return name && !strncmp(name, ".plt", 4);
}

static bool x86_target(Elf *elf, uint64_t return_address, uint64_t *target)
{
	uint8_t code[X86_CALL_BYTES];
	uint32_t distance;

	if (!read_code(elf, return_address - X86_CALL_BYTES, code, sizeof(code)) || code[0] != 0xe8)
		return false;
	memcpy(&distance, code + 1, sizeof(distance));
	*target = return_address + (uint64_t)(int64_t)(int32_t)le32toh(distance);
	return true;
}

static bool a64_target(Elf *elf, uint64_t return_address, uint64_t *target)
{
	uint32_t code;

	if (!read_code(elf, return_address - A64_BYTES, &code, sizeof(code)) || le32toh(code) >> 26 != A64_BL)
		return false;
	*target = return_address - A64_BYTES + (uint64_t)((int64_t)(int32_t)(le32toh(code) << 6) >> 6) * A64_BYTES;
	return true;
}

bool elf_calls(Elf *elf, uint64_t return_address, uint64_t *target)
{
	GElf_Ehdr file;
	GElf_Shdr section;
	bool found = false;

	if (!elf || !gelf_getehdr(elf, &file))
		return false;
	if (file.e_machine == EM_X86_64)
		found = x86_target(elf, return_address, target);
	else if (file.e_machine == EM_AARCH64)
		found = a64_target(elf, return_address, target);
	return found && code_at(elf, *target, &section) && !is_plt(elf, &section);
}
