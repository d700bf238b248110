/* An auditor (LD_AUDIT): the loader calls it for every object and binding.  It has a libc and a heap of its own. */
#define _GNU_SOURCE
#include <link.h>
#include <stdlib.h>

static unsigned long objects, bindings;

unsigned int la_version(unsigned int version) { return version; }

unsigned int la_objopen(struct link_map *map, Lmid_t space, uintptr_t *cookie)
{
	free(malloc(64));
	objects++;
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

unsigned int la_objclose(uintptr_t *cookie)
{
	free(malloc(32));
	return 0;
}

uintptr_t la_symbind64(Elf64_Sym *symbol, unsigned int index, uintptr_t *from, uintptr_t *to, unsigned int *flags,
                       const char *name)
{
	bindings++;
	return symbol->st_value;
}
