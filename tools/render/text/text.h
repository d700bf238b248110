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

/* The number of findings of the process that the report shows. */
int64_t text_findings_shown(struct report *report, const struct process *process);
/* The findings of all processes, worst first; those that several processes share are one. */
void text_findings_of_all(struct report *report);
/* One finding, complete.  merged: what several processes have in common, with which processes these are; NULL: the
 * finding of this process alone. */
void text_finding(struct report *report, const struct process *process, int64_t ordinal, int64_t number,
                  const struct merged_finding *merged);
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
