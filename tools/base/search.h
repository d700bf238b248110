/* Binary search in arrays that are sorted by their first member, a uint64_t. */
#ifndef RINGTAIL_SEARCH_H
#define RINGTAIL_SEARCH_H

#include <stddef.h>
#include <stdint.h>

/* The number of items whose key is at most this one: the last of them is the range that may contain an address.  size:
 * bytes of an item. */
static inline size_t count_up_to(const void *items, size_t count, size_t size, uint64_t key)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (*(const uint64_t *)((const char *)items + middle * size) <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number of items whose key is less than this one. */
static inline size_t count_below(const void *items, size_t count, size_t size, uint64_t key)
{
	return key ? count_up_to(items, count, size, key - 1) : 0;
}

#endif
