/*
 * Slots: the words of a loaded module that hold the addresses of functions of other modules.  The loader fills them
 * when it relocates the module: entries of the global offset table, for calls and for addresses, and pointers in data.
 * A lazily bound entry holds an address of the module's own PLT until the first call.
 *
 * Reading them needs no lock but that the module stays loaded.  Writing one changes which function the module calls.
 */
#ifndef RINGTAIL_SLOTS_H
#define RINGTAIL_SLOTS_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct slots { /* where a module has them, and what it needs to name them */
	uintptr_t bias, start, end;
	uintptr_t relro_start, relro_end; /* read-only once the loader has relocated the module; empty: there is none */
	const ElfW(Rela) * relocations[2]; /* DT_RELA, DT_JMPREL */
	size_t counts[2];
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *hash; /* DT_GNU_HASH, or NULL */
	const ElfW(Half) * versions;
	const ElfW(Verneed) * needs; /* versions that it asks for */
	bool symbolic;               /* looks for functions in itself first */
};

struct slot {
	uintptr_t *at;
	const char *name;    /* of the symbol */
	const char *version; /* that it asks for, or NULL */
	bool defined_here;   /* the module has a symbol of that name itself */
	uintptr_t own;       /* address of that symbol, or of the PLT entry that stands for it everywhere; 0: neither */
};

/* Finds the slots of a module that dl_iterate_phdr lists.  False: it has none.  The module must stay loaded. */
bool slots_of(struct slots *slots, const struct dl_phdr_info *info);

/* Calls visit for each, until that returns false. */
void slots_each(const struct slots *slots, bool (*visit)(void *data, const struct slot *slot), void *data);

/* Calls visit for each word of the data that the loader has copied from a library to the executable, pointers to
 * functions among it, until that returns false. */
void slots_each_copied(const struct slots *slots, bool (*visit)(void *data, uintptr_t *at), void *data);

/* The address of the module's own dynamic symbol of that name, in its default version; 0: it defines none. */
uintptr_t slots_defined(const struct slots *slots, const char *name);

/* What slots_write has made of it. */
enum slot_written {
	SLOT_WRITTEN,
	SLOT_NOT_YET, /* the loader may still be relocating the module */
	SLOT_REFUSED, /* the kernel allows no change */
};

/* Writes a slot, which may lie in a read-only page: that page is writable for a moment.  One thread at a time. */
enum slot_written slots_write(const struct slots *slots, uintptr_t *at, uintptr_t value);

#pragma GCC visibility pop

#endif
