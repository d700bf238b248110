/*
 * Memory that processes share, from the kernel's list of mappings.  Shared memory is the same place in the same file;
 * each process may have it mapped at another address.  Anonymous shared memory has a file too.
 */
#ifndef RINGTAIL_ANALYSE_SHARED_MEMORY_H
#define RINGTAIL_ANALYSE_SHARED_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct shared_range {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	uint64_t device, inode;
};

struct shared_memory { /* of one process; zeroed: none */
	struct shared_range *ranges;
	size_t count, room;
};

/* Reads the text of /proc/PID/maps. */
void shared_memory_read(struct shared_memory *memory, FILE *maps);
void shared_memory_free(struct shared_memory *memory);
/* The address in `to` of the memory that is at `address` in `from`.  0: `to` has not mapped it, or it is not shared. */
uint64_t shared_memory_same(const struct shared_memory *from, uint64_t address, const struct shared_memory *to);

#endif
