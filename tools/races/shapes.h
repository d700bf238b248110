/*
 * What the shape of a site proves, by the compiler that made it.
 *
 * Which instructions compilers make of atomics and of volatile variables was measured, with gcc 12 and clang 14, 19
 * and 22: tests/unit/test_race_shapes.c compiles a table of operations and holds this file to it.
 *
 * gcc makes nothing but moves and LOCK of them, with two exceptions: a call at the end of a function becomes a jump
 * through the variable, and an update of a volatile variable whose result is tested becomes one instruction.  gcc 16
 * fuses volatile accesses as it does plain ones, so its shapes prove nothing.  clang fuses volatile accesses, and
 * updates and floating-point operands of atomics, but no calls; it writes and reads aggregates by vectors.
 */
#ifndef RINGTAIL_RACES_SHAPES_H
#define RINGTAIL_RACES_SHAPES_H

#include <stdbool.h>

#include "tools/races/site.h"

enum race_compiler {
	RACE_BY_GCC = 1,   /* gcc 5 to 15 */
	RACE_BY_LLVM = 2,  /* clang and rustc */
	RACE_BY_OTHERS = 4 /* and those of which nothing is known */
};

/* True if compilers make instructions of this shape of plain accesses alone: of no atomic and no volatile access.
 * compilers: a set of enum race_compiler, of which one made the site; 0: not known. */
bool race_shape_is_plain(enum race_shape shape, unsigned compilers);

/* The set of compilers that a text names: a string of .comment, or the producer of a compilation unit. */
unsigned race_compilers_named(const char *text);
/* The compilers of a file, by its .comment.  0: it has none, or cannot be read. */
unsigned race_compilers_of(int fd);

#endif
