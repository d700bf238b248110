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

/* An object as its program headers describe it. */
struct object {
	const struct link_map *map;
	uintptr_t start, end;        /* from the first page of its first segment to the end of its last */
	const ElfW(Phdr) * segments; /* NULL: not found */
	unsigned count;
};

static void find_segments(struct object *object, uintptr_t header)
{
	const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *)header;
	if (memcmp(elf->e_ident, ELFMAG, SELFMAG) || elf->e_phentsize != sizeof(ElfW(Phdr)) ||
	    elf->e_phoff > 4096 - sizeof(ElfW(Phdr)))
		return;
	unsigned most = (unsigned)((4096 - elf->e_phoff) / sizeof(ElfW(Phdr)));
	object->segments = (const ElfW(Phdr) *)(header + elf->e_phoff);
	object->count = elf->e_phnum < most ? elf->e_phnum : most;
}

/* Where the object's ELF header is: at the start of the first segment, in every object that linkers make.  A loader
 * gives an object that need not lie at a certain address the bias of its first segment. */
static uintptr_t find_header(const struct dl_find_object *found)
{
	struct dl_find_object first;
	uintptr_t bias = found->dlfo_link_map->l_addr, main_header = getauxval(AT_PHDR) & ~UINT64_C(4095);
	if (cfi_object(bias, &first) && first.dlfo_link_map == found->dlfo_link_map)
		return bias;
	if (cfi_object(main_header, &first) && first.dlfo_link_map == found->dlfo_link_map)
		return main_header;
	return (uintptr_t)found->dlfo_map_start;
}

/* _dl_find_object gives the bounds of one segment, where there are holes between segments: of most objects that are
 * linked for pages of 64 KiB or 2 MiB. */
static struct object describe(const struct dl_find_object *found)
{
	struct object object = {.map = found->dlfo_link_map,
	                        .start = (uintptr_t)found->dlfo_map_start,
	                        .end = (uintptr_t)found->dlfo_map_end};
	if (object.end - object.start >= sizeof(ElfW(Ehdr)))
		find_segments(&object, find_header(found));
	for (unsigned i = 0; i < object.count; i++) {
		const ElfW(Phdr) *segment = &object.segments[i];
		uintptr_t from = object.map->l_addr + segment->p_vaddr, to = from + segment->p_memsz;
		if (segment->p_type != PT_LOAD)
			continue;
		if ((from & ~UINT64_C(4095)) < object.start)
			object.start = from & ~UINT64_C(4095);
		if (to > object.end)
			object.end = to;
	}
	return object;
}

static struct build_id find_build_id(const struct object *object)
{
	struct build_id id = {NULL, 0};
	for (unsigned i = 0; i < object->count && !id.count; i++) {
		if (object->segments[i].p_type != PT_NOTE)
			continue;
		uintptr_t notes = object->map->l_addr + object->segments[i].p_vaddr;
		if (notes >= object->start && notes + object->segments[i].p_memsz <= object->end)
			id = build_id_in((const unsigned char *)notes,
			                 (const unsigned char *)notes + object->segments[i].p_memsz);
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

/* found may be one segment of it. */
static bool is_in_place_of(const struct rt_module *module, const struct dl_find_object *found)
{
	return module->start <= (uintptr_t)found->dlfo_map_start && (uintptr_t)found->dlfo_map_end <= module->end &&
	       module->bias == found->dlfo_link_map->l_addr;
}

static bool is_same(const struct rt_module *module, const struct dl_find_object *found)
{
	return load_acquire(&module->state) == MODULE_LOADED && is_in_place_of(module, found);
}

/* The very library that was unloaded from here: its addresses mean what they meant.  Never claimed without a build id.
 */
static bool is_back(const struct rt_module *module, const struct dl_find_object *found)
{
	if (load_acquire(&module->state) != MODULE_UNLOADED || !is_in_place_of(module, found))
		return false;
	struct object object = describe(found);
	struct build_id id = find_build_id(&object);
	return id.count && id.count == module->build_id_bytes && !memcmp(id.bytes, module->build_id, id.count) &&
	       module->start == object.start && module->end == object.end && !strcmp(object.map->l_name, module->path);
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

static uint32_t add_module(const struct dl_find_object *found)
{
	struct object object = describe(found);
	struct rt_module *module = claim_module();
	if (!module)
		return 0;
	store_release(&module->state, MODULE_WRITING);
	module->bias = object.map->l_addr;
	module->start = object.start;
	module->end = object.end;
	module->seen = clock_ticks();
	find_path(module, object.map);
	copy_build_id(module, find_build_id(&object));
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
		struct object whole = describe(&object);
		range.start = whole.start;
		range.bytes = whole.end - whole.start;
	}
	return range;
}

void modules_start_up(void)
{
	shim_range = modules_range((uintptr_t)&modules_start_up);
	loader_range = modules_range((uintptr_t)getauxval(AT_BASE));
}
