#include "tools/races/code.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"
#include "tools/symbolize/cfi_records.h"

#define BYTES_MOST   (UINT64_C(1) << 30) /* of code, and of a table: larger ones are a hostile file's */
#define HEADER_BYTES 8                   /* of .eh_frame_hdr: version, three encodings, and the distance of .eh_frame */
#define SLOT_BYTES   8                   /* of a slot of the PLT ... */
#define OWN_SLOTS    3                   /* ... of which the loader has these for itself */
#define RELOCATION   24                  /* bytes of an Elf64_Rela */

/* Bytes of the file, which libelf owns; NULL: the file does not have them. */
static const uint8_t *bytes_at(Elf *elf, uint64_t offset, uint64_t size)
{
	Elf_Data *data;

	if (!size || size > BYTES_MOST || offset > INT64_MAX)
		return NULL;
	data = elf_getdata_rawchunk(elf, (int64_t)offset, size, ELF_T_BYTE);
	return data ? data->d_buf : NULL;
}

/* NULL for NULL. */
static uint8_t *copy_of(const uint8_t *bytes, uint64_t size)
{
	return bytes ? memcpy(memory_zeroed(size, 1), bytes, size) : NULL;
}

/* ---- segments ------------------------------------------------------------------------------ */

static void add_segment(struct race_code *code, const GElf_Phdr *header)
{
	struct race_segment *segment = &code->segments[code->segment_count];

	if (code->segment_count == RACE_SEGMENTS || header->p_vaddr > UINT64_MAX - header->p_memsz)
		return;
	*segment = (struct race_segment){
	    .address = header->p_vaddr,
	    .bytes = header->p_memsz,
	    .offset = header->p_offset,
	    .in_file = header->p_filesz < header->p_memsz ? header->p_filesz : header->p_memsz,
	    .executable = header->p_flags & PF_X,
	    .writable = header->p_flags & PF_W,
	};
	if (segment->executable && segment->in_file <= BYTES_MOST - code->code_bytes) {
		segment->content = copy_of(bytes_at(code->elf, segment->offset, segment->in_file), segment->in_file);
		code->code_bytes += segment->in_file;
	}
	code->segment_count++;
}

static const struct race_segment *segment_at(const struct race_code *code, uint64_t address)
{
	for (size_t i = 0; i < code->segment_count; i++)
		if (address - code->segments[i].address < code->segments[i].bytes)
			return &code->segments[i];
	return NULL;
}

/* Bytes that the file has for this address, up to the end of its segment; NULL: none. */
static const uint8_t *file_at(const struct race_code *code, uint64_t address, uint64_t *room)
{
	const struct race_segment *segment = segment_at(code, address);
	uint64_t into = segment ? address - segment->address : 0;

	if (!segment || into >= segment->in_file || segment->offset > UINT64_MAX - into)
		return NULL;
	*room = segment->in_file - into;
	return bytes_at(code->elf, segment->offset + into, *room);
}

/* .eh_frame_hdr says where .eh_frame begins. */
static void find_frames(struct race_code *code, const GElf_Phdr *header)
{
	const uint8_t *head = bytes_at(code->elf, header->p_offset, HEADER_BYTES);
	const struct race_segment *segment;
	uint32_t distance;

	if (!head || head[0] != 1 || head[1] != (DW_EH_PE_pcrel | DW_EH_PE_sdata4))
		return;
	memcpy(&distance, head + 4, sizeof distance);
	code->frames = header->p_vaddr + 4 + (uint64_t)(int64_t)(int32_t)le32toh(distance);
	segment = segment_at(code, code->frames);
	code->frames_end = segment ? segment->address + segment->in_file : 0;
}

static void find_slots(struct race_code *code, const GElf_Phdr *header)
{
	const uint8_t *bytes = bytes_at(code->elf, header->p_offset, header->p_filesz);
	uint64_t slots = 0, relocations = 0;

	for (uint64_t at = 0; bytes && at + sizeof(Elf64_Dyn) <= header->p_filesz; at += sizeof(Elf64_Dyn)) {
		Elf64_Dyn entry;

		memcpy(&entry, bytes + at, sizeof entry);
		if (le64toh((uint64_t)entry.d_tag) == DT_PLTGOT)
			slots = le64toh(entry.d_un.d_ptr);
		else if (le64toh((uint64_t)entry.d_tag) == DT_PLTRELSZ)
			relocations = le64toh(entry.d_un.d_val);
	}
	code->slots = slots;
	code->slots_end = slots + (OWN_SLOTS + relocations / RELOCATION) * SLOT_BYTES;
}

static void take_headers(struct race_code *code, uint32_t type, void (*take)(struct race_code *, const GElf_Phdr *))
{
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(code->elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && i < INT32_MAX; i++)
		if (gelf_getphdr(code->elf, (int)i, &header) && header.p_type == type)
			take(code, &header);
}

static void take_relro(struct race_code *code, const GElf_Phdr *header)
{
	code->relro = header->p_vaddr;
	code->relro_end = header->p_vaddr + header->p_memsz;
}

static bool is_of_machine(Elf *elf)
{
	GElf_Ehdr header;

	return elf && gelf_getehdr(elf, &header) && header.e_ident[EI_CLASS] == ELFCLASS64 &&
	       header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == EM_X86_64;
}

bool race_code_begin(struct race_code *code, int fd, struct error *err)
{
	elf_version(EV_CURRENT);
	/* not mapped: a file that becomes shorter meanwhile would end ringtail by SIGBUS */
	*code = (struct race_code){.elf = elf_begin(fd, ELF_C_READ, NULL)};
	if (!is_of_machine(code->elf)) {
		race_code_end(code);
		return error_set(err, EXIT_BAD_DATA, "it is no ELF file of x86-64");
	}
	take_headers(code, PT_LOAD, add_segment);
	take_headers(code, PT_GNU_RELRO, take_relro);
	take_headers(code, PT_DYNAMIC, find_slots);
	take_headers(code, PT_GNU_EH_FRAME, find_frames);
	if (code->frames_end)
		return true;
	race_code_end(code);
	return error_set(err, EXIT_BAD_DATA, "it has no unwind table (.eh_frame), which tells its functions");
}

void race_code_close(struct race_code *code)
{
	elf_end(code->elf);
	code->elf = NULL;
}

void race_code_end(struct race_code *code)
{
	race_code_close(code);
	for (size_t i = 0; i < code->segment_count; i++)
		free(code->segments[i].content);
	code->segment_count = 0;
}

const uint8_t *race_code_at(const struct race_code *code, uint64_t address, uint64_t *room)
{
	const struct race_segment *segment = segment_at(code, address);
	uint64_t into = segment ? address - segment->address : 0;

	if (!segment || !segment->content || into >= segment->in_file)
		return NULL;
	*room = segment->in_file - into;
	return segment->content + into;
}

bool race_code_is_variable(const struct race_code *code, uint64_t address, uint64_t size)
{
	const struct race_segment *segment = segment_at(code, address);

	return segment && segment->writable && size <= segment->bytes - (address - segment->address) &&
	       !(address - code->relro < code->relro_end - code->relro) &&
	       !(address - code->slots < code->slots_end - code->slots);
}

/* ---- functions ------------------------------------------------------------------------------ */

struct table {
	Elf_Data data;
	uint64_t address;
	const unsigned char *ident;
	Dwarf_Off common_offset; /* of the CIE below, which mostly serves many functions */
	Dwarf_CIE common;
	uint8_t encoding; /* DW_EH_PE_omit: there is no such CIE */
};

static uint64_t read_pointer(const uint8_t *at, size_t bytes, bool is_signed)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	value = le64toh(value);
	return is_signed && bytes == 4 ? (uint64_t)(int64_t)(int32_t)value : value;
}

static void find_common(struct table *table, Dwarf_Off offset)
{
	Dwarf_CFI_Entry entry;
	Dwarf_Off next;

	if (offset == table->common_offset)
		return;
	table->common_offset = offset;
	table->encoding = DW_EH_PE_omit;
	if (offset >= table->data.d_size ||
	    dwarf_next_cfi(table->ident, &table->data, true, offset, &next, &entry) != 0 || !dwarf_cfi_cie_p(&entry))
		return;
	table->common = entry.cie;
	table->encoding = cfi_address_encoding(&entry.cie);
}

/* Where the rules begin: behind the augmentation's data, if there are such. */
static const uint8_t *rules_of(const struct table *table, const uint8_t *at, const uint8_t *end)
{
	uint64_t bytes = 0;

	if (!table->common.augmentation || *table->common.augmentation != 'z')
		return at;
	for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
		bytes |= (uint64_t)(*at & 0x7f) << shift;
		if (!(*at++ & 0x80))
			break;
	}
	return bytes <= (uint64_t)(end - at) ? at + bytes : end;
}

/* False: the record cannot be understood. */
static bool read_frame(struct table *table, const Dwarf_FDE *record, struct race_frame *frame)
{
	const uint8_t *at = record->start, *end = record->end;

	find_common(table, record->CIE_pointer);
	size_t bytes = cfi_pointer_bytes(table->encoding);
	bool relative = (table->encoding & 0x70) == DW_EH_PE_pcrel;
	if (table->encoding == DW_EH_PE_omit || !bytes || (!relative && table->encoding & 0x70) ||
	    (size_t)(end - at) < 2 * bytes)
		return false;
	frame->start = read_pointer(at, bytes, table->encoding & DW_EH_PE_signed);
	if (relative)
		frame->start += table->address + (uint64_t)(at - (const uint8_t *)table->data.d_buf);
	frame->end = frame->start + read_pointer(at + bytes, bytes, false);
	frame->rules = rules_of(table, at + 2 * bytes, end);
	frame->rules_end = end;
	frame->common = table->common.initial_instructions;
	frame->common_end = table->common.initial_instructions_end;
	frame->code_alignment = table->common.code_alignment_factor;
	return frame->end > frame->start;
}

static int by_start(const void *left, const void *right)
{
	const struct race_frame *a = left, *b = right;

	return compare_next(compare_numbers(a->start, b->start), a->end, b->end);
}

static bool open_table(const struct race_code *code, struct table *table)
{
	uint64_t room = 0;
	const uint8_t *bytes = file_at(code, code->frames, &room);

	*table = (struct table){.address = code->frames, .common_offset = UINT64_MAX, .encoding = DW_EH_PE_omit};
	table->data = (Elf_Data){.d_buf = (void *)bytes, .d_size = room, .d_type = ELF_T_BYTE, .d_version = EV_CURRENT};
	table->ident = (const unsigned char *)elf_getident(code->elf, NULL);
	return bytes && table->ident;
}

size_t race_code_frames(const struct race_code *code, struct race_frame **frames)
{
	size_t count = 0, room = 0;
	Dwarf_CFI_Entry entry;
	Dwarf_Off offset = 0, next;
	struct table table;

	*frames = NULL;
	if (!open_table(code, &table))
		return 0;
	while (dwarf_next_cfi(table.ident, &table.data, true, offset, &next, &entry) == 0 && next > offset) {
		GROW(*frames, room, count + 1);
		if (!dwarf_cfi_cie_p(&entry) && read_frame(&table, &entry.fde, &(*frames)[count]))
			count++;
		offset = next;
	}
	if (count)
		qsort(*frames, count, sizeof **frames, by_start);
	return count;
}
