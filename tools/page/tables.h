/*
 * The tables of a run that are long, as columns of numbers: the stacks, the places they lead through, allocation
 * sites, waits and holds.  src/tables.js reads them.
 */
#ifndef RINGTAIL_PAGE_TABLES_H
#define RINGTAIL_PAGE_TABLES_H

#include "tools/render/report.h"

/* An object of JSON to report->out: the texts, and for each process, in the order of the report, its tables. */
void tables_print(struct report *report);

#endif
