/*
 * Describes findings by the names in a test program: the names of its locks, which it prints as lines "lock NAME
 * ADDRESS" (tests/programs/shapes.h), and the names of its functions.
 */
#ifndef TESTS_E2E_NAMED_H
#define TESTS_E2E_NAMED_H

#include <jansson.h>

#define NAMED_TEXT 2048

/* Writes the names of a finding's threads, locks and stacks to text, which has NAMED_TEXT bytes:
 * - deadlocks have edges, "THREAD: HELD@TAKEN_IN -> WANTED@WAITS_IN", in alphabetical order, "; " between them;
 *   "?" behind HELD: inferred; "THREAD: ahead at LOCK@WAITS_IN": a writer that readers wait behind;
 * - others have stacks, "THREAD: LABEL@FUNCTION" in their order, with "LOCK; " before them where there is an object.
 * The name of a thread is the outermost function of its stack that belongs to the program; that of a place, the
 * innermost.
 * output: what the program printed; program: its name, which is that of its source without ending. */
void named_finding(const json_t *finding, const char *output, const char *program, char *text);

/* The only finding of this kind and class.  Fails the test if there is none, or more than one. */
const json_t *named_only(const json_t *process, const char *kind, const char *class);

#endif
