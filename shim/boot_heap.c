#include "shim/boot_heap.h"

#include "shim/address_space.h"
#include "shim/sys.h"

/* One thread at a time boots the process, and only that thread allocates here. */

unsigned char boot_heap_first[BOOT_HEAP_BYTES] __attribute__((aligned(64)));
bool boot_heap_grown;

struct piece { /* further memory; the list lives as long as the process */
	struct piece *next;
	size_t bytes;
};

static struct piece *pieces;
static unsigned char *cursor = boot_heap_first;
static unsigned char *limit = boot_heap_first + BOOT_HEAP_BYTES;

bool boot_heap_in_more(const void *block)
{
	for (const struct piece *piece = pieces; piece; piece = piece->next)
		if ((uintptr_t)block - (uintptr_t)piece < piece->bytes)
			return true;
	return false;
}

static bool grow(size_t bytes)
{
	size_t size = (bytes + sizeof(struct piece) + (1u << 20)) & ~(size_t)4095;
	address_space_take(size);
	struct piece *piece = sys_mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!piece) {
		address_space_give(size);
		return false;
	}
	piece->bytes = size;
	piece->next = pieces;
	pieces = piece;
	boot_heap_grown = true;
	cursor = (unsigned char *)(piece + 1);
	limit = (unsigned char *)piece + size;
	return true;
}

/* The word before the block has its size. */
static unsigned char *carve(size_t bytes, size_t align)
{
	uintptr_t block = ((uintptr_t)cursor + sizeof(size_t) + align - 1) & ~(uintptr_t)(align - 1);
	if (block > (uintptr_t)limit || bytes > (uintptr_t)limit - block)
		return NULL;
	((size_t *)block)[-1] = bytes;
	cursor = (unsigned char *)block + bytes;
	return (unsigned char *)block;
}

void *boot_heap_alloc(size_t bytes, size_t align)
{
	if (align < 16)
		align = 16;
	if (bytes > PTRDIFF_MAX - align)
		return NULL;
	void *block = carve(bytes, align);
	if (!block && grow(bytes + align))
		block = carve(bytes, align);
	return block;
}

size_t boot_heap_size(const void *block) { return ((const size_t *)block)[-1]; }
