/*
 * Text put together in arrays of the caller's: the shim allocates nothing, and stdio would.
 *
 * Each appends at `at`, below `end`, and returns the new end of the text, which is terminated.  What does not fit is
 * left out.  Any thread, any signal handler.
 */
#ifndef RINGTAIL_SHIM_TEXT_H
#define RINGTAIL_SHIM_TEXT_H

#include <stdint.h>

static inline char *text_append(char *at, char *end, const char *text)
{
	while (at < end - 1 && *text)
		*at++ = *text++;
	*at = '\0';
	return at;
}

static inline char *text_append_number(char *at, char *end, uint64_t number)
{
	char digits[24], *first = digits + sizeof digits - 1;
	*first = '\0';
	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	return text_append(at, end, first);
}

/* With a backslash before each ':' and '\', as the values of RINGTAIL=... are written. */
static inline char *text_append_escaped(char *at, char *end, const char *text)
{
	for (; *text && at < end - 2; text++) {
		if (*text == ':' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at = '\0';
	return at;
}

#endif
