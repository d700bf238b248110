/* The thread stage: which thread made which, and how each of them ended. */
#ifndef RINGTAIL_ANALYSE_THREADS_H
#define RINGTAIL_ANALYSE_THREADS_H

#include "tools/analyse/analyse.h"
#include "tools/analyse/threads/thread_groups.h"

struct blocker;

struct thread_result {
	uint32_t id, tid, created_by;
	uint32_t group; /* index + 1 of threads_groups */
	char name[17];  /* "": it never got a name */
	uint64_t pthread;
	uint64_t created, started, ended; /* stamps; 0: it did not happen */
	uint32_t created_stack;
	uint64_t start_routine;
	uint32_t runs_stack;            /* one frame: the start routine */
	uint32_t last_stack;            /* the last that the thread recorded itself; both RT_STACK_NONE: not known */
	uint64_t last_seen;             /* stamp of that */
	uint64_t stack_low, stack_high; /* what is certainly its stack; 0: not known */
	bool adopted, joined, detached, main;
	enum { THREAD_ENDED, THREAD_RUNNING, THREAD_BLOCKED } state_at_end;
	uint8_t blocked_kind; /* THREAD_BLOCKED: on what, where, since when */
	uint64_t blocked_object, blocked_since;
	uint32_t blocked_stack, blocked_owner;
	bool blocked_timed;                              /* the wait has a time-out */
	uint32_t blocked_generation, blocked_init_stack; /* of the object */
	struct blocker *blockers;                        /* threads that could have ended the wait */
	size_t blocker_count;
	uint64_t events;
};

#define THREAD_QUARTERS 4

struct thread_site { /* the threads that were made at one place in the code */
	uint32_t stack;
	uint64_t first;      /* stamp of its first thread */
	uint32_t made, live; /* live: at the end */
	uint32_t peak;       /* the most that lived at a time */
	uint64_t peak_at;
	uint32_t live_at[THREAD_QUARTERS]; /* live threads at the end of each quarter (thread_sites.h) */
	bool grows;
};

struct thread_analysis *threads_new(void);
/* A copy of the results so far, for a report while the process runs. */
struct thread_analysis *threads_copy(const struct thread_analysis *threads);
void threads_free(struct thread_analysis *threads);
void threads_event(struct thread_analysis *threads, const struct event *event);
/* True if the last event put a thread into another group; sets *thread and *group then. */
bool threads_regrouped(const struct thread_analysis *threads, uint32_t *thread, uint32_t *group);
/* The thread that the pthread_t of the last event means: the event's thread waits to join it, has joined or detached
 * it, or has tried to.  0: it is not known, or the event has no pthread_t. */
uint32_t threads_meant(const struct thread_analysis *threads);
/* The living thread whose stack contains the address; 0: none is known. */
uint32_t threads_on_stack(const struct thread_analysis *threads, uint64_t address);
/* Where the thread was created; RT_STACK_NONE: not known. */
uint32_t threads_created_stack(const struct thread_analysis *threads, uint32_t thread);
void threads_finish(struct thread_analysis *threads, const struct process_end *end);
/* The results for thread_leaks, which fills in what each thread is blocked on.  Call it after threads_finish. */
struct thread_result *threads_to_judge(struct thread_analysis *threads, size_t *count);
/* The main thread, if it ended the process by exit or a return from main, and not by _exit; 0: it did not. */
uint32_t threads_main_exit(const struct thread_analysis *threads);
/* The thread that ended the process by exit; 0: no thread did. */
uint32_t threads_exit_caller(const struct thread_analysis *threads);
const struct thread_group *threads_groups(const struct thread_analysis *threads, size_t *count);
const struct thread_result *threads_results(const struct thread_analysis *threads, size_t *count);
const struct thread_site *threads_sites(const struct thread_analysis *threads, size_t *count);

#endif
