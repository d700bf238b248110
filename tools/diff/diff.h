/*
 * Compares two runs, or two snapshots of one run: where memory grew, and which findings are new.
 *
 * Both sides are databases, perhaps of different builds on different machines.  Allocation sites are matched by the
 * name of the program and the names in the stack, as ids of findings are.  Addresses and lines do not matter.
 */
#ifndef RINGTAIL_DIFF_DIFF_H
#define RINGTAIL_DIFF_DIFF_H

#include <stddef.h>

#include "tools/query/query.h"

enum diff_side { DIFF_OLD, DIFF_NEW };

enum diff_change {
	DIFF_APPEARED, /* was not there */
	DIFF_GREW,
	DIFF_SAME,
	DIFF_SHRANK,
	DIFF_GONE,
	DIFF_CHANGES
};

struct diff_amount {
	uint64_t blocks, bytes;
};

struct diff_place { /* a row of one of the databases, to show */
	enum diff_side side;
	int64_t process, row; /* row: of a site, its stack; of a finding, its ordinal */
};

struct diff_site {
	char *exe; /* without its directory */
	struct diff_amount amounts[2];
	enum diff_change change;
	struct diff_place place; /* in the new database, if that has it; else in the old one */
};

struct diff_finding {
	char *id, *kind, *class;       /* class: may be NULL */
	struct diff_amount amounts[2]; /* of leaks */
	uint64_t times[2];
	enum diff_change change; /* DIFF_APPEARED: new; DIFF_GONE: fixed; else it is in both */
	struct diff_place place;
};

/* Which numbers of the sites are compared. */
enum diff_by { DIFF_BY_LIVE, DIFF_BY_PEAK, DIFF_BY_ALLOCATED };

struct diff {
	struct query *queries[2];
	enum diff_by by;
	struct diff_site *sites; /* sorted by growth, most first; unchanged sites are left out */
	size_t site_count, site_room;
	uint64_t changes[DIFF_CHANGES]; /* number of sites by their change */
	struct diff_amount totals[2];
	struct diff_finding *findings; /* new ones, fixed ones, the others; each part worst first */
	size_t finding_count, finding_room;
};

/* Compares two databases.  The queries must outlive the diff.  False: a query failed, and its err is filled. */
bool diff_make(struct diff *diff, struct query *old, struct query *new, enum diff_by by);
void diff_free(struct diff *diff);

/* The parts of diff_make. */
bool diff_sites(struct diff *diff);
bool diff_findings(struct diff *diff);

/* The change of bytes; if the bytes are the same, of blocks. */
enum diff_change diff_change(const struct diff_amount amounts[2]);
int64_t diff_growth(uint64_t before, uint64_t after);
/* Compares as qsort asks: the site that grew most comes first, the site that shrank most last. */
int diff_by_growth(const struct diff_site *a, const struct diff_site *b);
uint64_t diff_hash(const char *text);

#endif
