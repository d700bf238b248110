/* The findings of a leak scan: one for each class and allocation stack; for indirect leaks also for each stack of the
 * owner. */
#ifndef RINGTAIL_ANALYSE_LEAKS_H
#define RINGTAIL_ANALYSE_LEAKS_H

#include "tools/finding/findings.h"
#include "tools/finding/leak_groups.h"

/* events_lost: the scan may not know some blocks, or take freed ones for live.  Then, and where memory could not be
 * read, no block is certainly lost: those that seem to be are reported as possible leaks, which are information. */
void leaks_report(const struct leak_scan *scan, bool events_lost, struct finding_list *findings);

#endif
