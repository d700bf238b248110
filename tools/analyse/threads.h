/* Threads: who made whom, what became of each. */
#ifndef RINGTAIL_ANALYSE_THREADS_H
#define RINGTAIL_ANALYSE_THREADS_H

#include "tools/analyse/analyse.h"

struct thread_result {
	uint32_t id, tid, created_by;
	char name[17]; /* "" where never named */
	uint64_t pthread;
	uint64_t created, started, ended; /* stamps, 0 where it did not happen */
	uint32_t created_stack;
	uint64_t start_routine;
	bool adopted, joined, detached, main;
	enum { THREAD_ENDED, THREAD_RUNNING, THREAD_BLOCKED } state_at_end;
	uint8_t blocked_kind; /* THREAD_BLOCKED: on what, where, since when */
	uint64_t blocked_object, blocked_since;
	uint32_t blocked_stack, blocked_owner;
	uint64_t events;
};

struct thread_analysis *threads_new(struct ring_file *ring);
/* The results so far, for a report while the process runs. */
struct thread_analysis *threads_copy(const struct thread_analysis *threads);
void threads_free(struct thread_analysis *threads);
void threads_event(struct thread_analysis *threads, const struct event *event);
/* locks tells what each thread is blocked on. */
void threads_finish(struct thread_analysis *threads, const struct lock_analysis *locks,
                    const struct process_end *end, struct finding_list *findings);
const struct thread_result *threads_results(const struct thread_analysis *threads, size_t *count);

#endif
