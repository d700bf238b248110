#include "tools/analyse/locks/shared_memory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tools/base/memory.h"

static int parse(const char *line, struct shared_range *range)
{
	unsigned major, minor;
	char access[5];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64, &range->start, &range->end, access,
	           &range->offset, &major, &minor, &range->inode) != 7)
		return 0;
	range->device = (uint64_t)major << 32 | minor;
	return access[3] == 's';
}

void shared_memory_read(struct shared_memory *memory, FILE *maps)
{
	struct shared_range range;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, maps) > 0) {
		if (!parse(line, &range))
			continue;
		GROW(memory->ranges, memory->room, memory->count + 1);
		memory->ranges[memory->count++] = range;
	}
	free(line);
}

void shared_memory_free(struct shared_memory *memory)
{
	free(memory->ranges);
	*memory = (struct shared_memory){0};
}

static const struct shared_range *range_at(const struct shared_memory *memory, uint64_t address)
{
	for (size_t i = 0; memory && i < memory->count; i++)
		if (address - memory->ranges[i].start < memory->ranges[i].end - memory->ranges[i].start)
			return &memory->ranges[i];
	return NULL;
}

uint64_t shared_memory_same(const struct shared_memory *from, uint64_t address, const struct shared_memory *to)
{
	const struct shared_range *range = range_at(from, address);
	uint64_t place = range ? range->offset + (address - range->start) : 0;

	for (size_t i = 0; range && to && i < to->count; i++) {
		const struct shared_range *other = &to->ranges[i];

		if (other->device == range->device && other->inode == range->inode && place >= other->offset &&
		    place - other->offset < other->end - other->start)
			return other->start + (place - other->offset);
	}
	return 0;
}
