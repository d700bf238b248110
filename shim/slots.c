#include "shim/slots.h"

#include <linux/futex.h>
#include <string.h>

#include "shim/atomics.h"
#include "shim/sys.h"

#if defined(__x86_64__)
#define RELOC_CALL    R_X86_64_JUMP_SLOT
#define RELOC_ADDRESS R_X86_64_GLOB_DAT
#define RELOC_POINTER R_X86_64_64
#define RELOC_COPY    R_X86_64_COPY
#else
#define RELOC_CALL    R_AARCH64_JUMP_SLOT
#define RELOC_ADDRESS R_AARCH64_GLOB_DAT
#define RELOC_POINTER R_AARCH64_ABS64
#define RELOC_COPY    R_AARCH64_COPY
#endif

#define PAGE_BYTES ((uintptr_t)4096)

/* ---- where ------------------------------------------------------------------------------------ */

/* The loader has added the bias to the addresses in the dynamic section, but not in one that it cannot write. */
static uintptr_t address(const struct slots *slots, uintptr_t value)
{
	return value - slots->start < slots->end - slots->start ? value : value + slots->bias;
}

static void take_segments(struct slots *slots, const struct dl_phdr_info *info)
{
	slots->start = UINTPTR_MAX;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
		if (segment->p_type == PT_GNU_RELRO) { /* as the loader protects it: whole pages */
			slots->relro_start = start & ~(PAGE_BYTES - 1);
			slots->relro_end = end & ~(PAGE_BYTES - 1);
		}
		if (segment->p_type != PT_LOAD)
			continue;
		slots->start = start < slots->start ? start : slots->start;
		slots->end = end > slots->end ? end : slots->end;
	}
}

static const ElfW(Dyn) * find_dynamic(const struct dl_phdr_info *info)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			return (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return NULL;
}

static void take_entry(struct slots *slots, const ElfW(Dyn) * entry)
{
	uintptr_t at = address(slots, entry->d_un.d_ptr);
	switch (entry->d_tag) {
	case DT_RELA: slots->relocations[0] = (const ElfW(Rela) *)at; break;
	case DT_JMPREL: slots->relocations[1] = (const ElfW(Rela) *)at; break;
	case DT_RELASZ: slots->counts[0] = entry->d_un.d_val / sizeof(ElfW(Rela)); break;
	case DT_PLTRELSZ: slots->counts[1] = entry->d_un.d_val / sizeof(ElfW(Rela)); break;
	case DT_SYMTAB: slots->symbols = (const ElfW(Sym) *)at; break;
	case DT_STRTAB: slots->strings = (const char *)at; break;
	case DT_GNU_HASH: slots->hash = (const uint32_t *)at; break;
	case DT_VERSYM: slots->versions = (const ElfW(Half) *)at; break;
	case DT_SYMBOLIC: slots->symbolic = true; break;
	case DT_FLAGS: slots->symbolic |= (entry->d_un.d_val & DF_SYMBOLIC) != 0; break;
	case DT_VERNEED: slots->needs = (const ElfW(Verneed) *)at; break;
	}
}

bool slots_of(struct slots *slots, const struct dl_phdr_info *info)
{
	*slots = (struct slots){.bias = info->dlpi_addr};
	take_segments(slots, info);
	const ElfW(Dyn) *entry = find_dynamic(info);
	for (; entry && entry->d_tag != DT_NULL; entry++)
		take_entry(slots, entry);
	for (unsigned i = 0; i < 2; i++)
		if (!slots->relocations[i])
			slots->counts[i] = 0;
	return slots->symbols && slots->strings && slots->counts[0] + slots->counts[1];
}

/* ---- which ------------------------------------------------------------------------------------ */

static const char *version_of(const struct slots *slots, uint32_t symbol)
{
	unsigned wanted = slots->versions ? slots->versions[symbol] & 0x7fff : 0;
	const char *at = (const char *)slots->needs;
	while (at && wanted > VER_NDX_GLOBAL) {
		const ElfW(Verneed) *need = (const ElfW(Verneed) *)at;
		const char *in = at + need->vn_aux;
		for (unsigned i = 0; i < need->vn_cnt; i++) {
			const ElfW(Vernaux) *version = (const ElfW(Vernaux) *)in;
			if ((version->vna_other & 0x7fff) == wanted)
				return slots->strings + version->vna_name;
			in += version->vna_next;
		}
		at = need->vn_next ? at + need->vn_next : NULL;
	}
	return NULL;
}

static bool holds_function(const ElfW(Rela) * relocation)
{
	switch (ELF64_R_TYPE(relocation->r_info)) {
	case RELOC_CALL:
	case RELOC_ADDRESS: return true;
	case RELOC_POINTER: return relocation->r_addend == 0;
	default: return false;
	}
}

void slots_each(const struct slots *slots, bool (*visit)(void *data, const struct slot *slot), void *data)
{
	for (unsigned table = 0; table < 2; table++)
		for (size_t i = 0; i < slots->counts[table]; i++) {
			const ElfW(Rela) *relocation = &slots->relocations[table][i];
			uint32_t index = (uint32_t)ELF64_R_SYM(relocation->r_info);
			if (!index || !holds_function(relocation))
				continue;
			const ElfW(Sym) *symbol = &slots->symbols[index];
			struct slot slot = {(uintptr_t *)(slots->bias + relocation->r_offset),
			                    slots->strings + symbol->st_name, version_of(slots, index),
			                    symbol->st_shndx != SHN_UNDEF,
			                    symbol->st_value ? slots->bias + symbol->st_value : 0};
			if (!visit(data, &slot))
				return;
		}
}

void slots_each_copied(const struct slots *slots, bool (*visit)(void *data, uintptr_t *at), void *data)
{
	for (size_t i = 0; i < slots->counts[0]; i++) {
		const ElfW(Rela) *relocation = &slots->relocations[0][i];
		if (ELF64_R_TYPE(relocation->r_info) != RELOC_COPY)
			continue;
		uintptr_t *word = (uintptr_t *)((slots->bias + relocation->r_offset + 7) & ~(uintptr_t)7);
		size_t words = slots->symbols[ELF64_R_SYM(relocation->r_info)].st_size / sizeof *word;
		for (; words; word++, words--)
			if (!visit(data, word))
				return;
	}
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;
	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static bool is_defined(const struct slots *slots, uint32_t symbol, const char *name)
{
	bool is_default = !slots->versions || !(slots->versions[symbol] & 0x8000);
	return is_default && slots->symbols[symbol].st_shndx != SHN_UNDEF &&
	       !strcmp(slots->strings + slots->symbols[symbol].st_name, name);
}

/* The table: count of buckets, first symbol, words of the filter, shift; the filter; the buckets; the chains. */
uintptr_t slots_defined(const struct slots *slots, const char *name)
{
	if (!slots->hash || !slots->hash[0])
		return 0;
	uint32_t buckets = slots->hash[0], first = slots->hash[1], hash = gnu_hash(name);
	const uint32_t *bucket = slots->hash + 4 + 2 * (size_t)slots->hash[2], *chains = bucket + buckets;
	uint32_t symbol = bucket[hash % buckets];
	if (symbol < first)
		return 0;
	for (;; symbol++) {
		uint32_t found = chains[symbol - first];
		if ((found | 1) == (hash | 1) && is_defined(slots, symbol, name))
			return slots->bias + slots->symbols[symbol].st_value;
		if (found & 1)
			return 0;
	}
}

/* ---- writing ------------------------------------------------------------------------------------ */

/* The kernel changes nothing in the word, and refuses to where it cannot. */
static bool is_writable(uintptr_t *at)
{
	uint32_t nobody = 0;
	return sys_call6(SYS_futex, (long)&nobody, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0, (long)at,
	                 FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0)) != -EFAULT;
}

/* The loader makes the region read-only when it is done with the module, as the last step.  Before that, a page that is
 * made read-only here would stop it. */
static enum slot_written write_in_relro(const struct slots *slots, uintptr_t *at, uintptr_t value)
{
	void *page = (void *)((uintptr_t)at & ~(PAGE_BYTES - 1));
	if (is_writable(at))
		return SLOT_NOT_YET;
	if (sys_call3(SYS_mprotect, page, PAGE_BYTES, PROT_READ | PROT_WRITE) < 0)
		return SLOT_REFUSED;
	store_release(at, value);
	sys_call3(SYS_mprotect, page, PAGE_BYTES, PROT_READ);
	return SLOT_WRITTEN;
}

enum slot_written slots_write(const struct slots *slots, uintptr_t *at, uintptr_t value)
{
	uintptr_t word = (uintptr_t)at;
	if (word - slots->relro_start < slots->relro_end - slots->relro_start)
		return write_in_relro(slots, at, value);
	if (!is_writable(at))
		return SLOT_REFUSED;
	store_release(at, value);
	return SLOT_WRITTEN;
}
