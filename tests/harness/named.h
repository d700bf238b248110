/*
 * Findings by the names that a test program gives: its locks, which it tells by lines "lock NAME ADDRESS"
 * (tests/programs/shapes.h), and its own functions.
 */
#ifndef TESTS_E2E_NAMED_H
#define TESTS_E2E_NAMED_H

#include <jansson.h>

#define NAMED_TEXT 2048

/* What a finding's threads, locks and stacks are called, into text of NAMED_TEXT bytes:
 * - deadlocks have edges, "THREAD: HELD@TAKEN_IN -> WANTED@WAITS_IN", in alphabetical order, "; " between them;
 *   "?" behind HELD: inferred;
 * - others have stacks, "THREAD: LABEL@FUNCTION" in their order, with "LOCK; " before them where there is an object.
 * A thread is called like the outermost function of its stack that is the program's own, and a place like the innermost.
 * output: what the program printed; program: its name, which is that of its source without ending. */
void named_finding(const json_t *finding, const char *output, const char *program, char *text);

/* The only finding of this kind and class; fails the test where there are more, or none. */
const json_t *named_only(const json_t *process, const char *kind, const char *class);

#endif
