#include "tools/suppress/rules.h"

#include <string.h>

/* If a match fails behind a *, the * takes one character more.  Of several, only the last * need ever do so. */
bool pattern_matches(const char *pattern, const char *text)
{
	size_t length = strlen(pattern);
	bool from_start = *pattern == '^';
	const char *at = pattern + from_start, *end = pattern + length;
	bool to_end = end > at && end[-1] == '$';
	const char *star = from_start ? NULL : at, *resume = text;

	end -= to_end;
	for (;;) {
		if (at == end && (!to_end || !*text))
			return true;
		if (at < end && *at == '*') {
			star = ++at;
			resume = text;
		} else if (at < end && *text && *at == *text) {
			at++;
			text++;
		} else if (star && *resume) {
			at = star;
			text = ++resume;
		} else {
			return false;
		}
	}
}
