/*
 * Threads by the place in the code that made them (their site): how many, how many lived at a time, and whether their
 * number grows.
 *
 * The time of a site runs from its first thread to the end of the recording, and is cut into quarters.  A site grows if
 * at the end of each quarter more of its threads lived than at the end of the quarter before.  So threads that a
 * program makes at its start, and keeps, do not count as growth.
 */
#ifndef RINGTAIL_ANALYSE_THREAD_SITES_H
#define RINGTAIL_ANALYSE_THREAD_SITES_H

#include "tools/finding/findings.h"
#include "tools/analyse/threads/threads.h"

/* The sites of all threads whose creation was seen, up to the stamp `end`, in the order of their first threads.  The
 * caller frees the array. */
struct thread_site *thread_sites_find(const struct thread_result *threads, size_t thread_count, uint64_t end,
                                      size_t *count);
/* Adds a finding for each site that grows. */
void thread_sites_report(const struct thread_site *sites, size_t count, struct finding_list *findings);

#endif
