/*
 * Threads by the place that made them: how many, how many lived at a time, and whether they became more and more.
 *
 * A site grows if more of its threads lived at the end of each quarter of its time, from its first thread to the end,
 * than at the end of the quarter before.  Threads that a program makes when it starts, and keeps, do not grow.
 */
#ifndef RINGTAIL_ANALYSE_THREAD_SITES_H
#define RINGTAIL_ANALYSE_THREAD_SITES_H

#include "tools/finding/findings.h"
#include "tools/analyse/threads/threads.h"

/* Of all threads that somebody was seen to make, until `end`; in the order of their first threads, to be freed. */
struct thread_site *thread_sites_find(const struct thread_result *threads, size_t thread_count, uint64_t end,
                                      size_t *count);
/* A finding for each that grows. */
void thread_sites_report(const struct thread_site *sites, size_t count, struct finding_list *findings);

#endif
