#include "tools/symbolize/symbolize.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "tools/base/own_names.h"
#include "tools/base/proc.h"
#include "tools/base/progress.h"
#include "tools/symbolize/allocators.h"
#include "tools/symbolize/downloads.h"
#include "tools/symbolize/elf_calls.h"
#include "tools/symbolize/elf_functions.h"
#include "tools/symbolize/elf_symbols.h"
#include "tools/symbolize/module_file.h"
#include "tools/symbolize/names.h"
#include "tools/symbolize/units.h"

#define MAX_FRAMES 66 /* of one address: the inlined calls that units.c can nest, and the function itself */

struct module_key {
	uint8_t build_id[RT_BUILD_ID_MAX];
	char path[RT_MODULE_PATH];
};

/* What a search of the module's file has found. */
struct searched {
	bool done;
	const char *found; /* NULL: nothing that is known */
};

struct module {
	struct module_key key;
	Dwfl *dwfl; /* NULL: no file, no names */
	enum module_file file;
	/* number of the process for which opening was tried last: through another process the file may be found */
	unsigned tried_for;
	GElf_Addr bias;        /* from the file's addresses to libdwfl's */
	Dwarf_Addr dwarf_bias; /* from the debug information's addresses to libdwfl's */
	Dwfl_Module *dwfl_module;
	struct elf_symbols functions;
	struct elf_symbols variables; /* loaded when one is asked for */
	bool variables_loaded;
	struct typed_variables types; /* loaded when one is asked for */
	bool types_loaded;
	struct searched allocator, own_name;
	struct units units;
	bool stripped; /* it has neither debug information nor a symbol table of its own */
	bool asked;    /* a debuginfod server was asked for them */
	bool nameless; /* a function without a name was met */
	UT_hash_handle hh;
};

struct address_key {
	struct module *module;
	uint64_t address; /* of the instruction */
};

struct address {
	struct address_key key;
	unsigned count;
	UT_hash_handle hh;
	struct symbol_frame frames[];
};

#define RECENT 64

struct symbolizer {
	struct module *modules;
	struct module *recent[RECENT]; /* by the address of its struct rt_module: hashing a path takes a microsecond */
	struct address *addresses;
	struct names names;
	struct downloads downloads;
	const struct ring_file *ring; /* of the process whose addresses are asked for; may be NULL */
	unsigned process;             /* number of the current process; each ring gets the next one */
};

static char *default_debug_path;
static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &default_debug_path,
};

struct symbolizer *symbolizer_new(void) { return calloc(1, sizeof(struct symbolizer)); }

void symbolizer_process(struct symbolizer *symbolizer, const struct ring_file *ring)
{
	symbolizer->ring = ring;
	symbolizer->process++;
}

/* ---- modules ------------------------------------------------------------------ */

static Dwfl_Module *report_file(struct module *module, int fd)
{
	Dwfl_Module *mod = NULL;

	dwfl_report_begin(module->dwfl);
	/* Base 0, so that addresses are the file's own and the bias is mostly 0. */
	mod = dwfl_report_elf(module->dwfl, module->key.path, module->key.path, fd, 0, true);
	if (!mod)
		close(fd);
	if (dwfl_report_end(module->dwfl, NULL, NULL) != 0)
		return NULL;
	return mod;
}

static bool has_symbol_table(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
			return true;
	return false;
}

static void load_units(struct module *module)
{
	Dwarf *dwarf = dwfl_module_getdwarf(module->dwfl_module, &module->dwarf_bias);
	GElf_Addr bias;

	if (dwarf)
		units_load(&module->units, dwarf);
	module->stripped = !dwarf && !has_symbol_table(dwfl_module_getelf(module->dwfl_module, &bias));
	module->asked = downloads_are_configured();
}

/* Nearly each stack begins in the C library, whose debug file takes longer to unpack than all else of a short run.  Its
 * functions are named by the symbol tables; lines in its sources help few readers. */
static bool load_names(struct module *module, int fd, struct downloads *downloads)
{
	Dwfl_Module *mod = report_file(module, fd);

	if (!mod || !dwfl_module_getelf(mod, &module->bias))
		return false;
	downloads_begin(downloads, module->dwfl, module->key.path);
	module->dwfl_module = mod;
	elf_symbols_load(&module->functions, mod, ELF_FUNCTIONS);
	if (!name_is_c_library(module->key.path))
		load_units(module);
	downloads_end(downloads);
	return true;
}

static struct module_process process_of(const struct ring_file *ring, const struct rt_module *module)
{
	struct module_process process = {0};

	if (!ring)
		return process;
	if (process_alive(ring->pid, ring->process_start))
		process.pid = process_number(ring->pid);
	process.realtime_ns = ring->header.realtime_ns;
	if (module->seen)
		process.realtime_ns += (uint64_t)(ring_file_seconds(ring, module->seen) * 1e9);
	return process;
}

static bool load_with_progress(struct symbolizer *symbolizer, struct module *module, int fd)
{
	const char *slash = strrchr(module->key.path, '/');
	struct progress progress;
	char what[128];
	bool loaded;

	snprintf(what, sizeof(what), "reading the names of %.80s", slash ? slash + 1 : module->key.path);
	progress_begin(&progress, what, 0);
	loaded = load_names(module, fd, &symbolizer->downloads);
	progress_end(&progress);
	return loaded;
}

static void load_module(struct symbolizer *symbolizer, struct module *module, const struct rt_module *from)
{
	struct module_process process = process_of(symbolizer->ring, from);
	int fd = module_file_open(from, &process, &module->file);

	module->tried_for = symbolizer->process;
	if (fd < 0)
		return;
	module->dwfl = dwfl_begin(&callbacks);
	if (!module->dwfl) {
		close(fd);
		return;
	}
	if (!load_with_progress(symbolizer, module, fd)) {
		dwfl_end(module->dwfl);
		module->dwfl = NULL;
		module->file = MODULE_FILE_UNREADABLE;
	}
}

static void set_key(struct module_key *key, const struct rt_module *from)
{
	size_t length = from->build_id_bytes <= RT_BUILD_ID_MAX ? from->build_id_bytes : 0;

	memset(key, 0, sizeof(*key));
	memcpy(key->build_id, from->build_id, length);
	memcpy(key->path, from->path, strnlen(from->path, sizeof(key->path) - 1));
}

static bool is_of(const struct module *module, const struct rt_module *from)
{
	return !memcmp(module->key.build_id, from->build_id, sizeof(from->build_id)) &&
	       !strncmp(module->key.path, from->path, sizeof(from->path));
}

static struct module *find_module(struct symbolizer *symbolizer, const struct rt_module *from)
{
	struct module **recent = &symbolizer->recent[(uintptr_t)from / sizeof(*from) % RECENT];
	struct module_key key;
	struct module *module = NULL;

	if (*recent && (*recent)->dwfl && is_of(*recent, from))
		return *recent;
	set_key(&key, from);
	HASH_FIND(hh, symbolizer->modules, &key, sizeof(key), module);
	if (!module) {
		module = calloc(1, sizeof(*module));
		if (!module)
			return NULL;
		module->key = key;
		load_module(symbolizer, module, from);
		HASH_ADD(hh, symbolizer->modules, key, sizeof(module->key), module);
	} else if (!module->dwfl && module->tried_for != symbolizer->process) {
		load_module(symbolizer, module, from);
	}
	*recent = module;
	return module;
}

const char *symbolizer_missing(struct symbolizer *symbolizer, const struct rt_module *module)
{
	struct module_key key;
	struct module *known = NULL;

	set_key(&key, module);
	HASH_FIND(hh, symbolizer->modules, &key, sizeof(key), known);
	if (known && !known->dwfl)
		return module_file_state(known->file);
	if (!known || !known->stripped || !known->nameless)
		return NULL;
	return known->asked ? SYMBOLS_NOT_FOUND : SYMBOLS_STRIPPED;
}

/* ---- addresses ------------------------------------------------------------------ */

/* The first address of the function, as the unwind table has it; 0: the table does not say. */
static uint64_t start_of_function(struct module *module, uint64_t address)
{
	GElf_Addr bias;

	return elf_function_start(dwfl_module_getelf(module->dwfl_module, &bias), address);
}

/* A symbol without a size may be a label in front of functions that have no names: where the unwind table knows that
 * another function has begun since, the symbol does not name it. */
static const struct elf_symbol *find_function(struct module *module, uint64_t address)
{
	const struct elf_symbol *symbol = elf_symbols_find(&module->functions, address + module->bias);

	if (symbol && !symbol->sized && start_of_function(module, address) + module->bias > symbol->start)
		return NULL;
	return symbol;
}

/* The name of a global symbol is better than the name in the debug information ("__GI___qsort_r"), and is the same with
 * and without debug information.  A local symbol may name only a part of a function ("f.cold").  A mangled name has its
 * scopes even where the debug information has a bare "operator()", as in unnamed namespaces. */
static void name_outermost(struct symbolizer *symbolizer, struct module *module, uint64_t address,
                           struct symbol_frame *frame)
{
	const struct elf_symbol *symbol = find_function(module, address);

	if (!symbol || (frame->function && symbol->local && !name_is_mangled(symbol->name)))
		return;
	frame->by_symbol = !frame->function && !frame->file;
	frame->into = address + module->bias - symbol->start;
	frame->function = names_function(&symbolizer->names, symbol->name);
}

static unsigned name_frames(struct symbolizer *symbolizer, struct module *module, uint64_t address,
                            struct symbol_frame *frames, unsigned max)
{
	uint64_t mapped = address + module->bias;
	unsigned count = 0;

	memset(&frames[0], 0, sizeof(frames[0]));
	count = units_find(&module->units, &symbolizer->names, mapped - module->dwarf_bias, frames, max);
	if (!count)
		count = 1;
	name_outermost(symbolizer, module, address, &frames[count - 1]);
	if (!frames[count - 1].function) {
		frames[count - 1].start = start_of_function(module, address);
		module->nameless = true;
	}
	for (unsigned i = 0; i < count; i++)
		frames[i].role = role_of(module->key.path, frames[i].function, frames[i].file);
	return count;
}

static struct address *remember(struct symbolizer *symbolizer, const struct address_key *key)
{
	struct symbol_frame frames[MAX_FRAMES];
	unsigned count = name_frames(symbolizer, key->module, key->address, frames, MAX_FRAMES);
	struct address *address = calloc(1, sizeof(*address) + count * sizeof(frames[0]));

	if (!address)
		return NULL;
	address->key = *key;
	address->count = count;
	memcpy(address->frames, frames, count * sizeof(frames[0]));
	HASH_ADD(hh, symbolizer->addresses, key, sizeof(address->key), address);
	return address;
}

unsigned symbolizer_resolve(struct symbolizer *symbolizer, const struct rt_module *module, uint64_t file_offset,
                            bool exact, struct symbol_frame *frames, unsigned max)
{
	struct address_key key = {.address = exact || !file_offset ? file_offset : file_offset - 1};
	struct address *address = NULL;

	if (!max)
		return 0;
	memset(&frames[0], 0, sizeof(frames[0]));
	key.module = find_module(symbolizer, module);
	if (!key.module)
		return 1;
	if (!key.module->dwfl) {
		frames[0].missing = module_file_state(key.module->file);
		frames[0].role = role_of(key.module->key.path, NULL, NULL);
		return 1;
	}
	HASH_FIND(hh, symbolizer->addresses, &key, sizeof(key), address);
	if (!address)
		address = remember(symbolizer, &key);
	if (!address)
		return 1;
	if (max > address->count)
		max = address->count;
	memcpy(frames, address->frames, max * sizeof(frames[0]));
	return max;
}

int64_t symbol_frame_into(const struct symbol_frame *frame, uint64_t file_offset)
{
	if (frame->by_symbol)
		return (int64_t)frame->into;
	return frame->start ? (int64_t)(file_offset - frame->start) : -1;
}

/* ---- variables ------------------------------------------------------------------- */

const char *symbolizer_variable(struct symbolizer *symbolizer, const struct rt_module *from, uint64_t file_offset,
                                uint64_t *into)
{
	struct module *module = find_module(symbolizer, from);
	const struct elf_symbol *symbol;

	if (!module || !module->dwfl)
		return NULL;
	if (!module->variables_loaded)
		elf_symbols_load(&module->variables, module->dwfl_module, ELF_VARIABLES);
	module->variables_loaded = true;
	symbol = elf_symbols_find(&module->variables, file_offset + module->bias);
	if (!symbol)
		return NULL;
	*into = file_offset + module->bias - symbol->start;
	return names_function(&symbolizer->names, symbol->name);
}

/* ---- types ----------------------------------------------------------------------- */

/* The variables of the debug information of a module; NULL: it cannot be read. */
static const struct typed_variables *types_of(struct module *module)
{
	if (!module || !module->dwfl)
		return NULL;
	if (!module->types_loaded)
		typed_variables_load(&module->types, dwfl_module_getdwarf(module->dwfl_module, &module->dwarf_bias));
	module->types_loaded = true;
	return &module->types;
}

enum symbol_type symbolizer_variable_type(struct symbolizer *symbolizer, const struct rt_module *from,
                                          uint64_t file_offset)
{
	struct module *module = find_module(symbolizer, from);
	const struct typed_variables *types = types_of(module);

	return types ? typed_variables_find(types, file_offset + module->bias - module->dwarf_bias)
	             : SYMBOL_TYPE_UNKNOWN;
}

bool symbolizer_declared(struct symbolizer *symbolizer, const struct rt_module *from, uint64_t file_offset,
                         struct symbol_line *line)
{
	struct module *module = find_module(symbolizer, from);
	const struct typed_variables *types = types_of(module);

	return types && typed_variables_declared(types, file_offset + module->bias - module->dwarf_bias, &line->file,
	                                         &line->line);
}

static Dwarf_Die *unit_of(struct symbolizer *symbolizer, const struct rt_module *from, uint64_t file_offset)
{
	struct module *module = find_module(symbolizer, from);

	return module && module->dwfl ? units_die(&module->units, file_offset + module->bias - module->dwarf_bias)
	                              : NULL;
}

enum symbol_type symbolizer_unit_types(struct symbolizer *symbolizer, const struct rt_module *from,
                                       uint64_t file_offset)
{
	Dwarf_Die *unit = unit_of(symbolizer, from, file_offset);

	return unit ? types_of_unit(unit) : SYMBOL_TYPE_UNKNOWN;
}

unsigned symbolizer_lines(struct symbolizer *symbolizer, const struct rt_module *from, uint64_t file_offset,
                          bool of_function, struct symbol_line *lines, unsigned max)
{
	struct module *module = find_module(symbolizer, from);

	return module && module->dwfl
	           ? units_lines(&module->units, &symbolizer->names, file_offset + module->bias - module->dwarf_bias,
	                         of_function, lines, max)
	           : 0;
}

const char *symbolizer_producer(struct symbolizer *symbolizer, const struct rt_module *from, uint64_t file_offset)
{
	Dwarf_Die *unit = unit_of(symbolizer, from, file_offset);
	Dwarf_Attribute attribute;

	return unit ? dwarf_formstring(dwarf_attr(unit, DW_AT_producer, &attribute)) : NULL;
}

bool symbolizer_has_function(struct symbolizer *symbolizer, const struct rt_module *from, const char *name)
{
	struct module *module = find_module(symbolizer, from);
	int count = module && module->dwfl ? dwfl_module_getsymtab(module->dwfl_module) : 0;

	for (int i = 0; i < count; i++) {
		GElf_Sym symbol;
		const char *known = dwfl_module_getsym(module->dwfl_module, i, &symbol, NULL);
		int type = GELF_ST_TYPE(symbol.st_info);

		if (known && !strcmp(known, name) &&
		    (type == STT_FUNC || type == STT_GNU_IFUNC || symbol.st_shndx == SHN_UNDEF))
			return true;
	}
	return false;
}

/* ---- its allocator ---------------------------------------------------------------- */

/* What a search of the module's file finds; NULL also if the file cannot be had. */
static const char *search_file(struct symbolizer *symbolizer, const struct rt_module *from,
                               const char *(*search)(int fd))
{
	struct module_process process = process_of(symbolizer->ring, from);
	enum module_file ignored;
	int fd = module_file_open(from, &process, &ignored);
	const char *found = fd >= 0 ? search(fd) : NULL;

	if (fd >= 0)
		close(fd);
	return found;
}

static const char *search_once(struct symbolizer *symbolizer, const struct rt_module *from, struct searched *searched,
                               const char *(*search)(int fd))
{
	if (!searched->done)
		searched->found = search_file(symbolizer, from, search);
	searched->done = true;
	return searched->found;
}

const char *symbolizer_allocator(struct symbolizer *symbolizer, const struct rt_module *from)
{
	struct module *module = find_module(symbolizer, from);

	return module ? search_once(symbolizer, from, &module->allocator, allocator_in) : NULL;
}

const char *symbolizer_own_name(struct symbolizer *symbolizer, const struct rt_module *from)
{
	struct module *module = find_module(symbolizer, from);

	return module ? search_once(symbolizer, from, &module->own_name, own_name_in) : NULL;
}

/* ---- calls ----------------------------------------------------------------------- */

bool symbolizer_calls(struct symbolizer *symbolizer, const struct rt_module *from, uint64_t file_offset,
                      const char **name)
{
	struct module *module = find_module(symbolizer, from);
	const struct elf_symbol *symbol;
	uint64_t target;
	GElf_Addr bias;

	*name = NULL;
	if (!module || !module->dwfl ||
	    !elf_calls(dwfl_module_getelf(module->dwfl_module, &bias), file_offset, &target))
		return false;
	symbol = find_function(module, target);
	if (symbol)
		*name = names_function(&symbolizer->names, symbol->name);
	return true;
}

/* ---- the end ---------------------------------------------------------------------- */

static void free_addresses(struct symbolizer *symbolizer)
{
	struct address *address, *next;

	HASH_ITER(hh, symbolizer->addresses, address, next)
	{
		HASH_DEL(symbolizer->addresses, address);
		free(address);
	}
}

static void free_modules(struct symbolizer *symbolizer)
{
	struct module *module, *next;

	HASH_ITER(hh, symbolizer->modules, module, next)
	{
		HASH_DEL(symbolizer->modules, module);
		units_free(&module->units);
		elf_symbols_free(&module->functions);
		elf_symbols_free(&module->variables);
		typed_variables_free(&module->types);
		if (module->dwfl)
			dwfl_end(module->dwfl);
		free(module);
	}
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	free_addresses(symbolizer);
	free_modules(symbolizer);
	names_free(&symbolizer->names);
	free(symbolizer);
}
