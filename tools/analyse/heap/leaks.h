/* Findings of a scan: one for each class and allocation stack, and for indirect ones their owner's. */
#ifndef RINGTAIL_ANALYSE_LEAKS_H
#define RINGTAIL_ANALYSE_LEAKS_H

#include "tools/finding/findings.h"
#include "tools/finding/leak_groups.h"

/* uncertain: events were lost, so that blocks may be missing, or be there no more. */
void leaks_report(const struct leak_scan *scan, bool uncertain, struct finding_list *findings);

#endif
