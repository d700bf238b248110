/* What orders of several keys are made of, for qsort. */
#ifndef RINGTAIL_COMPARE_H
#define RINGTAIL_COMPARE_H

#include <stdint.h>

static inline int compare_numbers(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

/* Of two uint64_t that stand in an array. */
static inline int compare_numbers_at(const void *left, const void *right)
{
	return compare_numbers(*(const uint64_t *)left, *(const uint64_t *)right);
}

/* The order by the keys before, and where these are the same by two more numbers. */
static inline int compare_next(int order, uint64_t a, uint64_t b) { return order ? order : compare_numbers(a, b); }

#endif
