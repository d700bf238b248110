#include "tools/symbolize/elf_symbols.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/search.h"

/* A symbol that encloses other symbols is searched at most this many entries back. */
#define LOOK_BACK 32

static bool is_wanted(const GElf_Sym *symbol, GElf_Word section, const char *name, enum elf_symbol_kind kind)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	if (section == SHN_UNDEF || section == SHN_ABS || !name || !*name || *name == '$')
		return false;
	if (kind == ELF_VARIABLES)
		return type == STT_OBJECT && symbol->st_size;
	return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

static bool read_symbol(Dwfl_Module *module, int index, enum elf_symbol_kind kind, struct elf_symbol *out)
{
	GElf_Sym symbol;
	GElf_Addr address;
	GElf_Word section = 0;
	const char *name = dwfl_module_getsym_info(module, index, &symbol, &address, &section, NULL, NULL);

	if (!name || !is_wanted(&symbol, section, name, kind))
		return false;
	*out = (struct elf_symbol){
	    .start = address,
	    .end = address + symbol.st_size,
	    .name = name,
	    .sized = symbol.st_size > 0 && address + symbol.st_size > address,
	    .local = GELF_ST_BIND(symbol.st_info) == STB_LOCAL,
	};
	return true;
}

/* Of two names of one address the more readable comes first: "malloc" before "__libc_malloc". */
static int by_readability(const struct elf_symbol *a, const struct elf_symbol *b)
{
	size_t under_a = strspn(a->name, "_"), under_b = strspn(b->name, "_");
	size_t length_a = strlen(a->name), length_b = strlen(b->name);

	if (a->sized != b->sized)
		return a->sized ? -1 : 1;
	if (a->local != b->local)
		return a->local ? 1 : -1;
	if (under_a != under_b)
		return under_a < under_b ? -1 : 1;
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int by_address(const void *left, const void *right)
{
	const struct elf_symbol *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return by_readability(a, b);
}

/* Keeps one name for each address, and gives an end to symbols without a size (mostly of assembly). */
static void settle(struct elf_symbols *symbols)
{
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		if (kept && symbols->items[kept - 1].start == symbols->items[i].start)
			continue;
		symbols->items[kept++] = symbols->items[i];
	}
	symbols->count = kept;
	for (size_t i = 0; i < kept; i++) {
		if (!symbols->items[i].sized)
			symbols->items[i].end =
			    i + 1 < kept ? symbols->items[i + 1].start : symbols->items[i].start + 1;
	}
}

void elf_symbols_load(struct elf_symbols *symbols, Dwfl_Module *module, enum elf_symbol_kind kind)
{
	int count = dwfl_module_getsymtab(module);

	memset(symbols, 0, sizeof(*symbols));
	if (count <= 0)
		return;
	symbols->items = calloc((size_t)count, sizeof(*symbols->items));
	if (!symbols->items)
		return;
	for (int i = 0; i < count; i++)
		symbols->count += read_symbol(module, i, kind, &symbols->items[symbols->count]);
	qsort(symbols->items, symbols->count, sizeof(*symbols->items), by_address);
	settle(symbols);
}

const struct elf_symbol *elf_symbols_find(const struct elf_symbols *symbols, uint64_t address)
{
	size_t last = count_up_to(symbols->items, symbols->count, sizeof *symbols->items, address);

	for (size_t back = 0; back < LOOK_BACK && back < last; back++) {
		const struct elf_symbol *symbol = &symbols->items[last - 1 - back];

		if (address < symbol->end)
			return symbol;
	}
	return NULL;
}

void elf_symbols_free(struct elf_symbols *symbols)
{
	free(symbols->items);
	memset(symbols, 0, sizeof(*symbols));
}
