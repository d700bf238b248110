/* The findings of a leak scan: one for each class and allocation stack; for indirect leaks also for each stack of the
 * owner. */
#ifndef RINGTAIL_ANALYSE_LEAKS_H
#define RINGTAIL_ANALYSE_LEAKS_H

#include "tools/finding/findings.h"
#include "tools/finding/leak_groups.h"

/* uncertain: events were lost, so that the scan may not know some blocks, or take freed ones for live. */
void leaks_report(const struct leak_scan *scan, bool uncertain, struct finding_list *findings);

#endif
