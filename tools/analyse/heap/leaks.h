/* The findings of a leak scan: one for each class and allocation stack; for indirect leaks also for each stack of the
 * owner. */
#ifndef RINGTAIL_ANALYSE_LEAKS_H
#define RINGTAIL_ANALYSE_LEAKS_H

#include "tools/analyse/heap/leak_course.h"
#include "tools/finding/findings.h"
#include "tools/finding/leak_groups.h"

/* events_lost: a missing event may have freed the blocks of unproven groups.  Such a group, and each group where memory
 * could not be read, is not certainly lost: it is reported as a possible leak, which is information.  history: what the
 * courses of lost blocks are found by; NULL: they are not known. */
void leaks_report(const struct leak_scan *scan, bool events_lost, const struct leak_history *history,
                  struct finding_list *findings);

#endif
