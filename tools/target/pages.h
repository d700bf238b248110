/*
 * The memory of a stopped process: which of its pages exist, and their content.
 *
 * Reading does not change the process.  Only pages that exist are read.  A page that the program has not touched holds
 * nothing; reading it would create it, fetch it from a disk, or wait for the process that is to fill it.
 *
 * Pages are read by /proc/PID/mem, which copies them.  process_vm_readv would pin them, and for that the kernel (5.19
 * and later) gives the process its own copy of each page that it has shared with others since a fork.  /proc/PID/mem
 * also reads pages without access rights, which exist like others.  Memory of devices is never read.
 *
 * Where /proc/PID/mem cannot be opened, process_vm_readv is used.  Then pages without access rights count as unread,
 * and pages shared by copy-on-write become the process's own.  Where the kernel does not tell which pages exist, all
 * readable mappings are read whole.
 */
#ifndef RINGTAIL_TARGET_PAGES_H
#define RINGTAIL_TARGET_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct target_map;

struct page_range { /* pages that exist */
	uint64_t start, end;
	bool certain; /* they are in memory.  Else they are in swap, or may not exist: failing to read one is no loss */
};

struct pages {
	pid_t pid;      /* of a thread that still has the memory */
	int memory;     /* descriptor of /proc/PID/mem; -1: process_vm_readv is used */
	int pagemap;    /* descriptor; -1: the kernel does not tell which pages exist */
	bool own_alone; /* set before pages_list: leaves out pages of private memory that other processes have too */
	bool no_scan;   /* the kernel is older than 6.7 and cannot scan the pagemap: it is read entry by entry */
	struct page_range *ranges; /* sorted by address */
	size_t count, room;
	uint64_t unread; /* bytes of pages that exist and could not be read */
};

void pages_open(struct pages *pages, pid_t pid);
/* Finds out which pages of the mappings exist.  maps: sorted by address. */
void pages_list(struct pages *pages, const struct target_map *maps, size_t count);
void pages_close(struct pages *pages);
/* Index of the first range that ends after address; pages->count if there is none. */
size_t pages_find(const struct pages *pages, uint64_t address);
/* Copies the existing pages of [address, address + bytes); the rest is filled with zeros. */
void pages_read(struct pages *pages, uint64_t address, void *to, size_t bytes);
/* Reads pages whether they exist or not, such as those of a file that no program has touched yet.  Returns the number
 * of bytes read, from address on. */
size_t pages_fetch(const struct pages *pages, uint64_t address, void *to, size_t bytes);

#endif
