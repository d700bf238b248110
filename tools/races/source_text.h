/*
 * Whether a line of source says by its text that its accesses are plain.  C programs make atomics of plain types, by
 * builtins and casts, and hide them in macros; so each macro that the line may use is read too.
 */
#ifndef RINGTAIL_RACES_SOURCE_TEXT_H
#define RINGTAIL_RACES_SOURCE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct race_text {
	const char *bytes; /* of a whole file; need not end with a zero */
	size_t size;
	/* true if the program has a function of this name: then it is no macro that would hide something */
	bool (*is_function)(void *context, const char *name);
	void *context;
};

/* True if the statement at the line (1 is the first) and the lines around it have no sign of atomics, volatile, RCU and
 * their like, nor any macro that is not known to have none. */
bool race_text_is_plain(const struct race_text *text, int line);
/* True if the line has a sign of atomics, volatile, RCU and their like, or does not exist. */
bool race_text_has_sign(const struct race_text *text, int line);

#endif
