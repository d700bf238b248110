/*
 * The memory of a stopped process: which of its pages exist, and what is in them.
 *
 * Reading leaves it as it is.  Only pages that exist are read: one that the program has not touched holds nothing, and
 * reading it would make it, take it from a disk, or wait for whoever is to fill it.  They are read by /proc/PID/mem, which
 * copies them: process_vm_readv pins what it reads, and the kernel (5.19 and later) gives a process a copy of its own of
 * each page that it shares with others since a fork before it pins it.  /proc/PID/mem reads pages without rights too, which
 * exist like others; memory of devices is left alone.
 *
 * Where /proc/PID/mem cannot be opened, process_vm_readv is used: pages without rights count as unread then, and memory
 * that is shared by copy-on-write becomes the process's own.  Where the kernel does not tell which pages exist, all
 * mappings that can be read are read whole.
 */
#ifndef RINGTAIL_SCAN_PAGES_H
#define RINGTAIL_SCAN_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct target_map;

struct page_range { /* of pages that exist */
	uint64_t start, end;
	bool certain; /* they are in memory; else in swap, or it is not known: that one cannot be read says nothing */
};

struct pages {
	pid_t pid;     /* of a thread that has the memory */
	int memory;    /* /proc/PID/mem; -1: process_vm_readv */
	int pagemap;   /* -1: the kernel does not tell which pages exist */
	bool own_alone; /* set before pages_list: pages of private memory that other processes have too are left out */
	bool no_scan;  /* of the pagemap, before Linux 6.7: it is read entry by entry */
	struct page_range *ranges; /* by address */
	size_t count, room;
	uint64_t unread; /* bytes of pages that exist and could not be read */
};

void pages_open(struct pages *pages, pid_t pid);
/* Finds out which pages exist in maps, which are sorted by address. */
void pages_list(struct pages *pages, const struct target_map *maps, size_t count);
void pages_close(struct pages *pages);
/* The first range that ends behind address; pages->count: there is none. */
size_t pages_find(const struct pages *pages, uint64_t address);
/* Copies what exists of [address, address + bytes); the rest reads as zeroes. */
void pages_read(struct pages *pages, uint64_t address, void *to, size_t bytes);
/* Bytes read from the start on, whether the pages exist or not: of files, for what no program has looked at yet. */
size_t pages_fetch(const struct pages *pages, uint64_t address, void *to, size_t bytes);

#endif
