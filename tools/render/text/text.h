/* The sections of a text report, one file each. */
#ifndef RINGTAIL_RENDER_TEXT_H
#define RINGTAIL_RENDER_TEXT_H

#include "tools/render/text/page.h"
#include "tools/query/merged.h"
#include "tools/query/process_rows.h"

void text_findings(struct report *report, const struct process *process);
void text_heap(struct report *report, const struct process *process);
void text_threads(struct report *report, const struct process *process);
void text_locks(struct report *report, const struct process *process);

/* The outcome of an earlier run's predictions, each line with `before` in front.  Prints nothing if there are none. */
void text_confirmations(struct report *report, const char *before);

/* All processes of the run: which process started which, and how each ended. */
void text_tree(struct report *report);

struct suppressed_count {
	uint64_t all, by_default; /* by_default: those that rules of ringtail's own suppress */
};
/* "3 suppressed, 2 of them by default rules; ...", without a newline. */
void text_suppressed(struct report *report, struct suppressed_count count);

/* The number of findings of the process that the report shows. */
int64_t text_findings_shown(struct report *report, const struct process *process);
/* The findings of all processes, worst first; those that several processes share are one. */
void text_findings_of_all(struct report *report);

/* A finding to be shown in full. */
struct text_finding {
	int64_t process, ordinal;
	const struct merged_finding *merged; /* NULL: the process's alone */
	uint64_t alike;                      /* findings of its kind at its place, with it */
	uint64_t places;                     /* 1; more: the findings are of so many places in a file without names */
};
struct text_findings {
	struct text_finding *items; /* worst first; the caller frees them */
	size_t count;
	uint64_t more; /* findings beyond the report's limit, and those like them */
};
/* Prints how many findings there are, and one line for each place.  Returns one finding for each of these lines, within
 * the report's limit. */
struct text_findings text_overview(struct report *report, const struct process *process);
/* The same of all processes. */
struct text_findings text_overview_of_all(struct report *report, const struct merged_findings *merged);
/* One finding, complete. */
void text_finding(struct report *report, const struct process *process, const struct text_finding *finding,
                  int64_t number);
/* The part of a finding that only races have: what is accessed, how the race was found, the locks of both sides. */
void text_race(struct report *report, const struct process *process, int64_t finding);
/* How data races were looked for in a process, or in all: 0.  Each line has `before` in front.  Prints nothing if they
 * were not looked for. */
void text_race_search(struct report *report, int64_t process, const char *before);
/* From four columns, `what` the first of them: what, address, generation, name of a lock. */
void text_object(struct report *report, sqlite3_stmt *row, int what, bool shared);
/* A time of the process, with `before` in front; nothing if it is not known, or before the process began. */
void text_at(struct report *report, const char *before, sqlite3_stmt *row, int column);
enum paint text_paint(const char *kind, const char *class);
/* One line: kind, message. */
void text_finding_line(struct report *report, const char *kind, const char *class, const char *message);
/* Writes the function that a thread runs, shortened to size, from two columns: thread.runs_pc, thread.runs_ordinal.
 * False: it is not known, and out is not written. */
bool text_runs(struct report *report, const struct process *process, sqlite3_stmt *row, int column, char *out,
               size_t size);
/* `thread 2 "worker"`; of a thread without a name `thread 2 (work)`, the function that it runs */
void text_thread_name(struct report *report, const struct process *process, int64_t thread);
/* "exited with status 0 after 1.2 s".  If nothing saw the process end, it says that the time is not known. */
void text_end(const struct process *process, char *out, size_t size);
/* "exited with status 0" */
void text_ending(const struct process *process, char *out, size_t size);
/* Turns a JSON array of words into one command line, quoted where a shell needs it; malloced. */
char *text_command_line(const char *json);

#endif
