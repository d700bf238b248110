/*
 * Programs that cannot be watched although their loader would try to preload the shim: they are made for another libc
 * or another ABI, or linked with a sanitizer.  musl's loader ends a program whose preloaded library it cannot link, the
 * one for 32 bits complains, and AddressSanitizer ends a program in which its library is not the first.  The hooks of
 * exec start such programs without the shim.  Static programs and those with other rights preload nothing, and need no
 * help.
 */
#ifndef RINGTAIL_FOREIGN_H
#define RINGTAIL_FOREIGN_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* What exec was given.  Scripts are what their interpreter is. */
struct exec_target {
	int directory;    /* what a relative path is relative to; AT_FDCWD */
	const char *path; /* the program's: perhaps not readable */
	int flags;        /* AT_EMPTY_PATH: the path "" is the file that `directory` is open on */
	bool search;      /* a path without slash is looked for in PATH */
};

/* Why it cannot be watched, as message_once says it; NULL where it can, or nothing can be learned.  Makes system calls
 * only, and none in a program that has given them up. */
const char *foreign_program(const struct exec_target *target);

#pragma GCC visibility pop

#endif
