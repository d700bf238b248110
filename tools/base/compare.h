/* Building blocks for the comparison functions of qsort, for orders by several keys. */
#ifndef RINGTAIL_COMPARE_H
#define RINGTAIL_COMPARE_H

#include <stdint.h>

static inline int compare_numbers(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

/* Compares two elements of an array of uint64_t. */
static inline int compare_numbers_at(const void *left, const void *right)
{
	return compare_numbers(*(const uint64_t *)left, *(const uint64_t *)right);
}

/* order: the result for the keys before.  Where that is 0, the numbers a and b decide. */
static inline int compare_next(int order, uint64_t a, uint64_t b) { return order ? order : compare_numbers(a, b); }

#endif
