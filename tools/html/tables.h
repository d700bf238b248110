/*
 * The long tables of a run, as columns of numbers: stacks, the places through which they lead, allocation sites, waits
 * and holds.  src/data.js reads them.
 */
#ifndef RINGTAIL_HTML_TABLES_H
#define RINGTAIL_HTML_TABLES_H

#include "tools/html/columns.h"
#include "tools/query/query.h"

struct stack_numbers;

/*
 * Writes the tables to columns->bytes, and a JSON object to columns->directory.  The object has the texts for which
 * numbers stand; and for each process, in the order of the report, where its columns are.  Adds the stacks of all
 * processes to numbers.
 */
void tables_write(struct query *query, struct columns *columns, struct stack_numbers *numbers);

#endif
