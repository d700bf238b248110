#include "tools/symbolize/elf_functions.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "tools/symbolize/cfi_records.h"

/* The format of .eh_frame_hdr is that of the Linux Standard Base, "Exception Frames". */
#define HEADER_BYTES 12 /* version, three encodings, the address of .eh_frame and the number of entries */
#define ENTRY_BYTES  8  /* first address and record of a function, both from the start of the header */

/* What a program header says is in memory, as far as the file has it. */
struct segment {
	const uint8_t *bytes;
	uint64_t address;
	size_t size;
};

static bool segment_of(Elf *elf, const GElf_Phdr *header, struct segment *segment)
{
	size_t size;
	const char *file = elf_rawfile(elf, &size);

	if (!file || header->p_offset > size)
		return false;
	*segment = (struct segment){(const uint8_t *)file + header->p_offset, header->p_vaddr, size - header->p_offset};
	if (segment->size > header->p_filesz)
		segment->size = header->p_filesz;
	return true;
}

/* The segment of this type that contains the address; of other types than PT_LOAD, any address will do. */
static bool find_segment(Elf *elf, uint32_t type, uint64_t address, struct segment *segment)
{
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(elf, &count) != 0)
		return false;
	for (size_t i = 0; i < count && i < INT32_MAX; i++)
		if (gelf_getphdr(elf, (int)i, &header) && header.p_type == type &&
		    (type != PT_LOAD || address - header.p_vaddr < header.p_filesz))
			return segment_of(elf, &header, segment);
	return false;
}

/* ---- the table, sorted by first address ------------------------------------------------------- */

struct entry {
	uint64_t start, record; /* 0: there is none */
};

static uint64_t distance(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return (uint64_t)(int64_t)(int32_t)le32toh(value);
}

static struct entry entry_at(const struct segment *table, size_t index)
{
	const uint8_t *at = table->bytes + HEADER_BYTES + index * ENTRY_BYTES;

	return (struct entry){table->address + distance(at), table->address + distance(at + ENTRY_BYTES / 2)};
}

/* The number of entries; 0 also for encodings that no linker of today writes. */
static size_t entries_of(const struct segment *table)
{
	const uint8_t *head = table->bytes;
	uint32_t count;

	if (table->size < HEADER_BYTES || head[0] != 1 || (head[1] & 0x0f) != DW_EH_PE_sdata4 ||
	    head[2] != DW_EH_PE_udata4 || head[3] != (DW_EH_PE_datarel | DW_EH_PE_sdata4))
		return 0;
	memcpy(&count, head + HEADER_BYTES - sizeof count, sizeof count);
	count = le32toh(count);
	return count <= (table->size - HEADER_BYTES) / ENTRY_BYTES ? count : 0;
}

/* The last entry that starts at the address or before it. */
static struct entry find_entry(const struct segment *table, uint64_t address)
{
	size_t low = 0, high = entries_of(table);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entry_at(table, middle).start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? entry_at(table, low - 1) : (struct entry){0};
}

/* ---- the record of a function, which has its size ---------------------------------------------- */

static bool read_record(Elf *elf, const struct segment *segment, uint64_t offset, Dwarf_CFI_Entry *record)
{
	Elf_Data data = {.d_buf = (void *)segment->bytes, .d_type = ELF_T_BYTE, .d_version = EV_CURRENT};
	const unsigned char *ident = (const unsigned char *)elf_getident(elf, NULL);
	Dwarf_Off next;

	data.d_size = segment->size;
	return ident && offset < segment->size && dwarf_next_cfi(ident, &data, true, offset, &next, record) == 0;
}

/* Of a record's first address only the length is of interest: the table has it. */
static uint64_t bytes_of_function(Elf *elf, uint64_t address)
{
	Dwarf_CFI_Entry record, common;
	struct segment segment;
	uint64_t size = 0;

	if (!find_segment(elf, PT_LOAD, address, &segment) ||
	    !read_record(elf, &segment, address - segment.address, &record) || dwarf_cfi_cie_p(&record) ||
	    !read_record(elf, &segment, record.fde.CIE_pointer, &common) || !dwarf_cfi_cie_p(&common))
		return 0;
	size_t width = cfi_pointer_bytes(cfi_address_encoding(&common.cie));
	if (!width || (size_t)(record.fde.end - record.fde.start) < 2 * width)
		return 0;
	memcpy(&size, record.fde.start + width, width);
	return le64toh(size);
}

uint64_t elf_function_start(Elf *elf, uint64_t address)
{
	struct segment table;
	GElf_Ehdr file;

	if (!elf || !gelf_getehdr(elf, &file) || file.e_ident[EI_CLASS] != ELFCLASS64 ||
	    file.e_ident[EI_DATA] != ELFDATA2LSB || !find_segment(elf, PT_GNU_EH_FRAME, 0, &table))
		return 0;
	struct entry entry = find_entry(&table, address);
	bool inside = entry.record && address - entry.start < bytes_of_function(elf, entry.record);
	return inside ? entry.start : 0;
}
