/*
 * The tables of a run that are long, as columns of numbers: the stacks, the places they lead through,
 * allocation sites, waits and holds.  src/data.js reads them.
 */
#ifndef RINGTAIL_PAGE_TABLES_H
#define RINGTAIL_PAGE_TABLES_H

#include "tools/html/columns.h"
#include "tools/query/query.h"

struct stack_numbers;

/*
 * The tables to columns->bytes.  To columns->directory an object of JSON: the texts that numbers stand for,
 * and for each process, in the order of the report, where its columns are.  numbers comes to know the stacks
 * of all of them.
 */
void tables_write(struct query *query, struct columns *columns, struct stack_numbers *numbers);

#endif
