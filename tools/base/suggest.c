#include "tools/base/suggest.h"

#include <string.h>

#define LONGEST 63u

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;
	return smaller < c ? smaller : c;
}

/* Levenshtein's distance; words that are too long are far from every word. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[LONGEST + 1];
	size_t b_length = strlen(b);

	if (b_length > LONGEST || strlen(a) > LONGEST)
		return LONGEST;
	for (unsigned j = 0; j <= b_length; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b_length; j++) {
			unsigned above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_length];
}

const char *suggest(const char *word, const char *const *names)
{
	const char *best = NULL;
	unsigned best_distance = strlen(word) < 5 ? 2 : 3; /* exclusive */

	for (; *names; names++) {
		unsigned far = distance(word, *names);
		if (far < best_distance) {
			best = *names;
			best_distance = far;
		}
	}
	return best;
}
