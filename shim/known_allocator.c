#include "shim/known_allocator.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "shim/atomics.h"
#include "shim/cfi.h"
#include "shim/process.h"
#include "shim/resolve.h"
#include "shim/slots.h"

struct text_range known_allocator[RT_ALLOCATOR_PARTS];

static struct slots symbols[RT_ALLOCATOR_PARTS];

static const struct row {
	const char *file, *maps;
} rows[] = {
#define KNOWN_ALLOCATOR(file, maps) {file, maps},
#include "shim/known_allocator.def"
};

static const struct row *row_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strncmp(name, rows[i].file, strlen(rows[i].file)))
			return &rows[i];
	return NULL;
}

/* The object begins with its ELF header: dl_iterate_phdr, which waits for the loader's lock, is not needed. */
static bool take(unsigned part, uintptr_t function)
{
	struct dl_find_object object;
	if (!function || !cfi_object(function, &object))
		return false;
	const ElfW(Ehdr) *header = object.dlfo_map_start;
	const struct dl_phdr_info info = {
	    .dlpi_addr = object.dlfo_link_map->l_addr,
	    .dlpi_phdr = (const ElfW(Phdr) *)((const char *)header + header->e_phoff),
	    .dlpi_phnum = header->e_phnum,
	};
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) || !slots_of(&symbols[part], &info))
		return false;
	known_allocator[part] = modules_range(function);
	return known_allocator[part].bytes != 0;
}

void known_allocator_start_up(void)
{
	struct dl_find_object object;
	const struct row *row =
	    cfi_object((uintptr_t)real.malloc, &object) ? row_of(object.dlfo_link_map->l_name) : NULL;
	if (row && take(0, (uintptr_t)real.malloc) && row->maps && !take(1, (uintptr_t)resolve_late(row->maps)))
		known_allocator[0] = (struct text_range){0, 0};
}

static bool defines(const char *name)
{
	for (unsigned i = 0; i < RT_ALLOCATOR_PARTS; i++)
		if (known_allocator[i].bytes && slots_defined(&symbols[i], name))
			return true;
	return false;
}

static bool is_hooked(const char *name)
{
	static const char *const names[] = {
#define HOOK(ret, name, ...) #name,
#include "shim/hooks.def"
#undef HOOK
#define NEW(name, ...)    #name,
#define DELETE(name, ...) #name,
#include "shim/operators.def"
#undef NEW
#undef DELETE
	};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* By RTLD_DEFAULT and RTLD_NEXT the program finds the hook first, if there is one.  By the handle of a library it may
 * find the allocator's own function. */
void known_allocator_looked_up(void *handle, const char *name)
{
	bool in_order = handle == RTLD_DEFAULT || handle == RTLD_NEXT;
	if (defines(name) && !(in_order && is_hooked(name)))
		known_allocator_asked();
}

void known_allocator_asked(void)
{
	if (process && known_allocator_serves() && load_acquire(&process->state) == PROCESS_RECORDING)
		store_release(&process->header->allocator_asked, 1);
}
