#include "tools/symbolize/allocators.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const struct allocator {
	const char *name, *text;
} allocators[] = {
#define ALLOCATOR(name, text) {name, text},
#include "tools/symbolize/allocators.def"
};

static const char *find(const void *file, size_t bytes)
{
	for (size_t i = 0; i < sizeof allocators / sizeof *allocators; i++)
		if (memmem(file, bytes, allocators[i].text, strlen(allocators[i].text)))
			return allocators[i].name;
	return NULL;
}

const char *allocator_in(int fd)
{
	struct stat status;
	const char *name = NULL;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size <= 0)
		return NULL;
	void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file != MAP_FAILED) {
		name = find(file, (size_t)status.st_size);
		munmap(file, (size_t)status.st_size);
	}
	return name;
}
