/* How the tools' functions say what went wrong: a status and one line for the user. */
#ifndef RINGTAIL_ERROR_H
#define RINGTAIL_ERROR_H

#include <stdbool.h>

/* Exit codes of the command: a contract. */
enum exit_code {
	EXIT_FINE = 0,
	EXIT_USAGE = 64,
	EXIT_BAD_DATA = 65,
	EXIT_FAIL_ON = 66,
	EXIT_DEADLOCK_KILLED = 67,
	EXIT_UNWATCHABLE = 69,
	EXIT_INTERNAL = 70,
};

struct error {
	int code;        /* enum exit_code to end with */
	bool retry;      /* not ready yet: the same call may succeed in a moment */
	bool unwritable; /* a file could not be written: no room, or no right to */
	char text[1024]; /* one line, without "ringtail: " and newline: what, where, and what to do */
};

/* Fills err; always returns false, so that callers can `return error_set(...)`. */
bool error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "ringtail: TEXT" on stderr; returns err->code. */
int error_print(const struct error *err);

#endif
