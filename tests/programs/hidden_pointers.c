/*
 * The only pointers to ten blocks of 555 bytes lie where its argument says:
 *
 *   no_access   in a page without rights, as by sodium_mprotect_noaccess
 *   read_only   in a variable of the program's whose page was made read-only
 *   shared      in a page without rights that a child would share
 *   secret      in memory of memfd_secret, which only the process itself can read; exit status 77: this kernel has none
 *   guarded     in a page between two that have no rights and were never written to
 *   block_without_access    in a page within a block of 64 KiB; the page has no rights
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "say.h"

#define COUNT 10
#define PAGE  4096

static void *variables[PAGE / sizeof(void *)] __attribute__((aligned(PAGE))) = {&variables};
static void **vault;
void *block;

__attribute__((noinline)) static void keep(int i) { vault[i] = malloc(555); }

__attribute__((noinline)) static void clear_stack(void)
{
	volatile char below[8192];

	memset((void *)below, 0, sizeof below);
}

static void *map(int flags, int file)
{
	void *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, flags, file, 0);

	must(memory != MAP_FAILED);
	return memory;
}

static void *map_secret(void)
{
	int file = (int)syscall(SYS_memfd_secret, 0);

	if (file < 0 || ftruncate(file, 4 * PAGE))
		_exit(77);
	return map(MAP_SHARED, file);
}

static void fill(void *memory)
{
	vault = memory;
	for (int i = 0; i < COUNT; i++)
		keep(i);
}

int main(int argc, char **argv)
{
	const char *where = argc > 1 ? argv[1] : "";

	if (!strcmp(where, "read_only")) {
		fill(variables);
		must(mprotect(vault, PAGE, PROT_READ) == 0);
	} else if (!strcmp(where, "secret")) {
		fill(map_secret());
	} else if (!strcmp(where, "guarded")) {
		char *guards = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
		must(mprotect(guards, PAGE, PROT_NONE) == 0 && mprotect(guards + 2 * PAGE, 2 * PAGE, PROT_NONE) == 0);
		fill(guards + PAGE);
	} else if (!strcmp(where, "block_without_access")) {
		block = malloc(16 * PAGE);
		fill((void *)(((unsigned long)block + PAGE) & -PAGE));
		must(mprotect(vault, PAGE, PROT_NONE) == 0);
	} else {
		fill(map(!strcmp(where, "shared") ? MAP_SHARED | MAP_ANONYMOUS : MAP_PRIVATE | MAP_ANONYMOUS, -1));
		must(mprotect(vault, 4 * PAGE, PROT_NONE) == 0);
	}
	vault = NULL;
	clear_stack();
	_exit(0);
}
