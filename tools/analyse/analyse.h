/*
 * The analysis of one process's ordered event stream, in stages: threads first, then heap, then locks.
 *
 * Each stage keeps its own state.  A stage may ask an earlier stage through its header (which thread a pthread_t means,
 * whether memory was freed), never a later one.  The dispatcher (analysis.c) passes on what a stage tells a later
 * stage.  At the end thread_leaks.c judges from threads and locks together.  store/ writes the results and findings of
 * the stages to the database.
 *
 * Memory grows with distinct stacks, live blocks, live objects and threads, never with the number of events.
 */
#ifndef RINGTAIL_ANALYSE_H
#define RINGTAIL_ANALYSE_H

#include "tools/analyse/heap/allocator_maps.h"
#include "tools/finding/leak_groups.h"
#include "tools/finding/race_search.h"
#include "tools/source/event.h"
#include "tools/source/ring_file.h"

/* How the process ended: the caller tells the analysers at the end. */
struct process_end {
	enum { END_RUNNING, END_EXIT, END_SIGNAL, END_EXEC } how;
	int status;     /* END_EXIT */
	int signal;     /* END_SIGNAL; 0: it is not known which signal */
	uint64_t stamp; /* of the end */
	bool at_least;  /* nothing saw the end: it came at this stamp, that of the last event, or later */
};

/* How a child ended, as its parent learned by waiting for it. */
struct child_end {
	uint64_t stamp; /* when the parent learned it */
	uint32_t pid;
	int status; /* as waitpid's */
};
/* A shell may start any number of children.  Of those after these, it is not known by which signal they died. */
#define CHILD_ENDS_MOST 65536u

struct heap_analysis;
struct lock_analysis;
struct thread_analysis;
struct signal_stacks;
struct stack_twins;
struct finding_list;

struct analysis {
	struct ring_file *ring;
	struct thread_analysis *threads;
	struct heap_analysis *heap;
	struct lock_analysis *locks;
	struct signal_stacks *signals;
	struct stack_twins *twins;
	uint64_t lost;                 /* events that are missing ... */
	uint64_t missing_until;        /* ... none of them with a later stamp than this */
	struct finding_list *findings; /* filled by analysis_finish */
	struct leak_scan scan;         /* the scan at the end; the caller may set it until analysis_finish */
	struct race_search races;      /* what the tracer of data races has caught so far: analysis_catch */
	struct process_end end;
	struct allocator_maps allocator_maps;
	uint64_t forks;               /* children that the process made by fork */
	struct child_end *child_ends; /* those that the process waited for, in order: CHILD_ENDS_MOST at most */
	size_t child_end_count, child_end_room;
};

/* ring must outlive the analysis. */
struct analysis *analysis_new(struct ring_file *ring);
/* A signal interrupted the innermost frame of this stack.  True if that frame is in a call that only waits, so that the
 * handler may call any function. */
typedef bool waits_fn(void *context, uint32_t stack);
/* Sets that function; call it before the first event.  Without it no interrupted call is known to wait. */
void analysis_know_waits(struct analysis *analysis, waits_fn *waits, void *context);
/* Sets how the analysis learns which function takes a lock.  source must outlive it. */
struct code_source;
void analysis_know_code(struct analysis *analysis, const struct code_source *source);
void analysis_free(struct analysis *analysis);
/* A merge_sink: context is the struct analysis. */
void analysis_events(void *analysis, const struct event *events, size_t count);
static inline void analysis_event(struct analysis *analysis, const struct event *event)
{
	analysis_events(analysis, event, 1);
}
/* Adds a race that the tracer caught.  It is dealt with before the first event that has a later stamp; so call this
 * before that event, or the threads' locks are those of a later time. */
void analysis_catch(struct analysis *analysis, const struct race_catch *caught);
void analysis_finish(struct analysis *analysis, struct process_end end);

#endif
