/* The findings of a leak scan: one for each class and allocation stack; for indirect leaks also for each stack of the
 * owner. */
#ifndef RINGTAIL_ANALYSE_LEAKS_H
#define RINGTAIL_ANALYSE_LEAKS_H

#include "tools/finding/findings.h"
#include "tools/finding/leak_groups.h"

/* events_lost: a missing event may have freed the blocks of unproven groups.  Such a group, and each group where memory
 * could not be read, is not certainly lost: it is reported as a possible leak, which is information. */
void leaks_report(const struct leak_scan *scan, bool events_lost, struct finding_list *findings);

#endif
