#include "shim/modules.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "shim/cfi.h"
#include "shim/clock.h"
#include "shim/process.h"
#include "shim/ring_map.h"
#include "shim/stack_table.h"
#include "shim/sys.h"

enum { MODULE_UNUSED, MODULE_WRITING, MODULE_LOADED, MODULE_UNLOADED };

static size_t align4(size_t n) { return (n + 3) & ~(size_t)3; }

struct build_id {
	const unsigned char *bytes;
	size_t count; /* 0: there is none */
};

/* The GNU build id among the notes at [at, end). */
static struct build_id build_id_in(const unsigned char *at, const unsigned char *end)
{
	while (end - at > (ptrdiff_t)sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
		const unsigned char *name = at + sizeof *note;
		const unsigned char *id = name + align4(note->n_namesz);
		if (id > end || note->n_descsz > (size_t)(end - id))
			break;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4) &&
		    note->n_descsz <= RT_BUILD_ID_MAX)
			return (struct build_id){id, note->n_descsz};
		at = id + align4(note->n_descsz);
	}
	return (struct build_id){NULL, 0};
}

/* The ELF header is at the start of the first segment in every object that linkers make. */
static struct build_id find_build_id(const struct dl_find_object *object)
{
	struct build_id id = {NULL, 0};
	uintptr_t start = (uintptr_t)object->dlfo_map_start, end = (uintptr_t)object->dlfo_map_end;
	const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *)start;
	if (end - start < sizeof *elf || memcmp(elf->e_ident, ELFMAG, SELFMAG) ||
	    elf->e_phoff > 4096 - sizeof(ElfW(Phdr)) || elf->e_phentsize != sizeof(ElfW(Phdr)))
		return id;
	const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(start + elf->e_phoff);
	unsigned most = (unsigned)((4096 - elf->e_phoff) / sizeof *segment);
	for (unsigned i = 0; i < elf->e_phnum && i < most && !id.count; i++) {
		if (segment[i].p_type != PT_NOTE)
			continue;
		uintptr_t notes = object->dlfo_link_map->l_addr + segment[i].p_vaddr;
		if (notes >= start && notes + segment[i].p_memsz <= end)
			id = build_id_in((const unsigned char *)notes,
			                 (const unsigned char *)notes + segment[i].p_memsz);
	}
	return id;
}

static void copy_build_id(struct rt_module *module, struct build_id id)
{
	if (id.count)
		memcpy(module->build_id, id.bytes, id.count);
	module->build_id_bytes = id.count;
}

static void copy_text(char *to, size_t room, const char *from)
{
	size_t length = strnlen(from, room - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

static void find_path(struct rt_module *module, const struct link_map *map)
{
	const char *name = map->l_name;
	if (!name || !*name)
		name = process->header->exe;
	if (!strncmp(name, "linux-vdso", 10))
		name = "[vdso]";
	size_t used = 0;
	if (name[0] != '/' && name[0] != '[') { /* as given to dlopen: relative to the working directory */
		long length = sys_restricted ? 0 : sys_getcwd(module->path, sizeof module->path - 1);
		used = length > 0 ? (size_t)length - 1 : 0;
		if (used)
			module->path[used++] = '/';
	}
	copy_text(module->path + used, sizeof module->path - used, name);
}

static bool is_in_place_of(const struct rt_module *module, const struct dl_find_object *object)
{
	return module->start == (uintptr_t)object->dlfo_map_start && module->end == (uintptr_t)object->dlfo_map_end &&
	       module->bias == object->dlfo_link_map->l_addr;
}

static bool is_same(const struct rt_module *module, const struct dl_find_object *object)
{
	return load_acquire(&module->state) == MODULE_LOADED && is_in_place_of(module, object);
}

/* True if this is the same library at the same addresses as one that was unloaded: its addresses have the same meaning.
 * Never true without a build id. */
static bool is_back(const struct rt_module *module, const struct dl_find_object *object)
{
	if (load_acquire(&module->state) != MODULE_UNLOADED || !is_in_place_of(module, object))
		return false;
	struct build_id id = find_build_id(object);
	return id.count && id.count == module->build_id_bytes && !memcmp(id.bytes, module->build_id, id.count) &&
	       !strcmp(object->dlfo_link_map->l_name, module->path);
}

static uint32_t modules_used(void)
{
	uint64_t used = load_acquire(&process->header->modules_used);
	return used < process->header->modules.count ? (uint32_t)used : process->header->modules.count;
}

/* An entry gets its page before it counts as used, so that no thread reads an entry for which a full disk has no
 * room. */
static struct rt_module *claim_module(void)
{
	uint64_t index;
	do {
		index = load_acquire(&process->header->modules_used);
		void *page = (void *)((uintptr_t)&process->modules[index] & ~UINT64_C(4095));
		if (index >= process->header->modules.count || !ring_map_reach(page, 4096) || !sys_populate(page, 4096))
			return NULL;
	} while (!cas_acq_rel(&process->header->modules_used, index, index + 1));
	return &process->modules[index];
}

static uint32_t add_module(const struct dl_find_object *object)
{
	struct rt_module *module = claim_module();
	if (!module)
		return 0;
	store_release(&module->state, MODULE_WRITING);
	module->bias = object->dlfo_link_map->l_addr;
	module->start = (uintptr_t)object->dlfo_map_start;
	module->end = (uintptr_t)object->dlfo_map_end;
	module->seen = clock_ticks();
	find_path(module, object->dlfo_link_map);
	copy_build_id(module, find_build_id(object));
	store_release(&module->state, MODULE_LOADED);
	return (uint32_t)(module - process->modules) + 1;
}

/* Reuses the entry of a library that is back, so that a program which loads and unloads one library for ever does not
 * run out of entries and addresses. */
static uint32_t revive_module(const struct dl_find_object *object, uint32_t used)
{
	for (uint32_t i = 0; i < used; i++) {
		struct rt_module *module = &process->modules[i];
		if (!is_back(module, object))
			continue;
		module->unloaded = 0;
		store_release(&module->state, MODULE_LOADED);
		stack_table_revive(i + 1);
		return i + 1;
	}
	return 0;
}

uint32_t modules_index(const struct dl_find_object *object)
{
	uint32_t used = modules_used();
	for (uint32_t i = 0; i < used; i++)
		if (is_same(&process->modules[i], object))
			return i + 1;
	uint32_t revived = revive_module(object, used);
	return revived ? revived : add_module(object); /* two threads may add the same at one time */
}

static bool is_gone(const struct rt_module *module)
{
	struct dl_find_object object;
	return load_acquire(&module->state) == MODULE_LOADED &&
	       (!cfi_object(module->start, &object) || !is_same(module, &object));
}

void modules_recheck(void)
{
	if (!process || load_relaxed(&process->state) != PROCESS_RECORDING)
		return;
	uint32_t used = modules_used();
	for (uint32_t i = 0; i < used; i++) {
		struct rt_module *module = &process->modules[i];
		if (!is_gone(module))
			continue;
		module->unloaded = clock_ticks();
		store_release(&module->state, MODULE_UNLOADED);
		stack_table_bury(module->start, module->end);
		fetch_add_acq_rel(&process->unloads, 1);
	}
}

struct text_range shim_range, loader_range;

struct text_range modules_range(uintptr_t address)
{
	struct dl_find_object object;
	struct text_range range = {0, 0};
	if (address && cfi_object(address, &object)) {
		range.start = (uintptr_t)object.dlfo_map_start;
		range.bytes = (uintptr_t)object.dlfo_map_end - range.start;
	}
	return range;
}

void modules_start_up(void)
{
	shim_range = modules_range((uintptr_t)&modules_start_up);
	loader_range = modules_range((uintptr_t)getauxval(AT_BASE));
}
