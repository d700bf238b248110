/* How functions of the tools report an error: an exit code and one line for the user. */
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
	int code;        /* enum exit_code that the command ends with */
	bool retry;      /* not ready yet: the same call may succeed a moment later */
	bool unwritable; /* a file could not be written: the disk is full, or permission is missing */
	char text[1024]; /* one line, without "ringtail: " and newline: what is wrong, where, and what to do */
};

/* Fills err; always returns false, so that callers can `return error_set(...)`. */
bool error_set(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A file or directory cannot be read: says why (error: an errno value) and, where rights are missing, which user to be.
 * The code is EXIT_BAD_DATA. */
bool error_set_unreadable(struct error *err, const char *path, int error);
/* Prints "ringtail: TEXT" to stderr; returns err->code. */
int error_print(const struct error *err);

#endif
