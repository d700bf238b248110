/* The sections of a text report, one file each. */
#ifndef RINGTAIL_RENDER_TEXT_H
#define RINGTAIL_RENDER_TEXT_H

#include "tools/render/text/page.h"
#include "tools/query/process_rows.h"

void text_findings(struct report *report, const struct process *process);
void text_heap(struct report *report, const struct process *process);
void text_threads(struct report *report, const struct process *process);
void text_locks(struct report *report, const struct process *process);

/* What became of an earlier run's predictions, each line with `before` in front; nothing where there are none. */
void text_confirmations(struct report *report, const char *before);

/* All processes of the run: who started whom, and what they came to. */
void text_tree(struct report *report);

/* Findings of the process that the report shows. */
int64_t text_findings_shown(struct report *report, const struct process *process);
/* One of them, whole. */
void text_finding(struct report *report, const struct process *process, int64_t ordinal, int64_t number);
/* One line: kind, message. */
void text_finding_line(struct report *report, const char *kind, const char *class, const char *message);
/* `thread 2 "worker"` */
void text_thread_name(struct report *report, const struct process *process, int64_t thread);
/* "exited with status 0" */
void text_ending(const struct process *process, char *out, size_t size);
/* JSON array of words as one command line, quoted where a shell would need it. */
char *text_command_line(const char *json);

#endif
