/* Runs other programs that read the output of `ringtail export`. */
#ifndef TESTS_E2E_CONSUMER_H
#define TESTS_E2E_CONSUMER_H

#include "tests/harness/rt.h"

/* `ringtail export RUN WORDS`; fails the test unless it exits with 0. */
void export_run(struct rt *rt, const char *words);
/* Runs a shell command line in the work directory.  Returns its standard output and standard error, malloced.  Fails
 * the test unless it exits with 0. */
char *consume(struct rt *rt, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fails the test if `text` does not contain `what`.  told: what the consumer read, for the message. */
void expect_has(const char *text, const char *what, const char *told);

/* The output of `ringtail heap RUN --limit 0 --format json`, which has every site. */
json_t *heap_report(struct rt *rt);
/* The sum of heap.KEY over all processes. */
long long heap_total(const json_t *report, const char *key);
/* An object of integers: the sums of the sites' KEY by their innermost function, under the names that exporters use. */
json_t *heap_by_function(const json_t *report, const char *key);

#endif
