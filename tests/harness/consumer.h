/* Other programs that read what `ringtail export` writes. */
#ifndef TESTS_E2E_CONSUMER_H
#define TESTS_E2E_CONSUMER_H

#include "tests/harness/rt.h"

/* `ringtail export RUN WORDS`; fails the test unless it exits with 0. */
void export_run(struct rt *rt, const char *words);
/* A shell command line in the work directory: its standard output, malloced; standard error is in it too.  Fails the
 * test unless it exits with 0. */
char *consume(struct rt *rt, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fails the test where text lacks what; told is what was read. */
void expect_has(const char *text, const char *what, const char *told);

/* `ringtail heap RUN --limit 0 --format json`: every site is in it. */
json_t *heap_report(struct rt *rt);
/* Sum over all processes of heap.KEY. */
long long heap_total(const json_t *report, const char *key);
/* Sums of a site's KEY by its innermost function, as exporters name it: an object of integers. */
json_t *heap_by_function(const json_t *report, const char *key);

#endif
