#include "tools/commands/gate.h"

#include <stdarg.h>

#include "tools/base/format.h"
#include "tools/finding/kinds.h"
#include "tools/query/listing.h"
#include "tools/store/unwatched.h"
#include "tools/suppress/suppress.h"

struct tally {
	uint64_t failing, suppressed, by_default;
};

static void count(void *context, const struct listed *listed)
{
	struct tally *tally = context;

	tally->failing += !listed->suppressed_by;
	tally->suppressed += listed->suppressed_by != NULL;
	tally->by_default += listed->by_default;
}

static void say_unused(const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->items[i].findings && !rules->items[i].by_default)
			fprintf(stderr, "ringtail: unused suppression: %s:%u: %s\n", rules->items[i].file,
			        rules->items[i].line, rules->items[i].text);
}

static void say_failed(const struct tally *tally)
{
	fprintf(stderr, "ringtail: check failed: %s %s", human_count(tally->failing).text,
	        plural(tally->failing, "finding", "findings"));
}

static void say_suppressed(const struct tally *tally)
{
	fprintf(stderr, ", %s suppressed", human_count(tally->suppressed).text);
	if (tally->by_default == tally->suppressed)
		fputs(" by default rules", stderr);
	else if (tally->by_default)
		fprintf(stderr, " (%s by default rules)", human_count(tally->by_default).text);
}

/* ---- what a check that passed did not judge -------------------------------------------------- */

/* The clauses of one sentence: ", but A; B; C". */
struct doubts {
	unsigned count;
};

static void say_doubt(struct doubts *doubts, const char *format, ...)
{
	va_list values;

	fputs(doubts->count++ ? "; " : ", but ", stderr);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
}

static void say_lost(struct report *report, struct doubts *doubts)
{
	uint64_t lost = (uint64_t)query_number(&report->query, "SELECT sum(events_lost) FROM process", 0, 0);

	if (lost)
		say_doubt(doubts, "%s %s lost", human_count(lost).text, plural(lost, "event was", "events were"));
}

/* Processes with live blocks that no leak scan has classed, and the reason if all have the same. */
static void say_unscanned(struct report *report, struct doubts *doubts)
{
	static const char sql[] =
	    "SELECT count(*), count(DISTINCT leak_scan_why_not), min(leak_scan_why_not) FROM process p"
	    " JOIN heap h ON h.process = p.id WHERE NOT leak_scan_done AND watch_heap AND h.live_blocks > 0";
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);

	if (query_next(&report->query, row) && sqlite3_column_int64(row, 0)) {
		uint64_t count = (uint64_t)sqlite3_column_int64(row, 0);

		say_doubt(doubts, "leaks of %s %s could not be judged: %s", human_count(count).text,
		          plural(count, "process", "processes"),
		          sqlite3_column_int64(row, 1) == 1 ? query_text(row, 2) : "`ringtail report` says why");
	}
	sqlite3_finalize(row);
}

/* sql counts the processes. */
static void say_unwatched(struct report *report, struct doubts *doubts, const char *what, const char *sql,
                          const char *option)
{
	uint64_t count = (uint64_t)query_number(&report->query, sql, 0, 0);

	if (count)
		say_doubt(doubts, "no %s were looked for in %s %s (%s)", what, human_count(count).text,
		          plural(count, "process", "processes"), option);
}

/* Where the list names race:data by itself: `default` has it, too, and most runs look for none.  A process of one
 * thread has no data race. */
static void say_untraced(struct report *report, struct doubts *doubts)
{
	static const char untraced[] = "SELECT count(*) FROM process WHERE id NOT IN (SELECT process FROM race_search)"
	                               " AND (SELECT count(*) FROM thread WHERE thread.process = process.id) > 1",
	                  refused[] = "SELECT count(*) FROM race_search WHERE NOT done";

	say_unwatched(report, doubts, "data races", untraced, "ringtail run --races looks for them");
	say_unwatched(report, doubts, "data races", refused, "`ringtail report` says why");
}

static bool wants(const struct report *report, enum finding_class class)
{
	return query_wants(&report->query, kind_name(class_kind(class)), class_name(class));
}

static void say_doubts(struct report *report)
{
#define UNSEEN       "(SELECT process FROM unwatched WHERE what = 'heap')"
#define HEAP(reason) "(SELECT process FROM unwatched WHERE what = 'heap' AND why LIKE '" reason "%')"
	static const char no_heap[] = "SELECT count(*) FROM process WHERE NOT watch_heap AND id NOT IN " UNSEEN,
	                  linked[] = "SELECT count(*) FROM process WHERE id IN " HEAP(UNWATCHED_LINKED_IN),
	                  before[] = "SELECT count(*) FROM process WHERE id IN " HEAP(UNWATCHED_PRELOADED_BEFORE),
	                  never[] = "SELECT count(*) FROM process WHERE id IN " HEAP(UNWATCHED_NEVER_CALLED),
	                  pools[] = "SELECT count(DISTINCT process) FROM unwatched WHERE what = 'pool'",
	                  no_locks[] = "SELECT count(*) FROM process WHERE NOT watch_locks";
	struct doubts doubts = {0};
	const char *unsought = report->query.only ? kinds_unsought(report->query.only) : NULL;

	say_lost(report, &doubts);
	if (wants(report, FINDING_LEAK_DEFINITE) || wants(report, FINDING_LEAK_INDIRECT)) {
		say_unscanned(report, &doubts);
		say_unwatched(report, &doubts, "leaks", no_heap, "--heap=no");
		say_unwatched(report, &doubts, "leaks", linked, "malloc is linked into it");
		say_unwatched(report, &doubts, "leaks", before, "malloc is preloaded before ringtail's");
		say_unwatched(report, &doubts, "leaks", never, "it has an allocator of its own");
		say_unwatched(report, &doubts, "leaks of allocators under names of their own", pools,
		              "`ringtail report` names them");
	}
	if (wants(report, FINDING_DEADLOCK_REALISED) || wants(report, FINDING_DEADLOCK_PREDICTED))
		say_unwatched(report, &doubts, "deadlocks", no_locks, "--locks=no");
	if (report->query.only && kinds_have_item(report->query.only, "race:data"))
		say_untraced(report, &doubts);
	if (unsought)
		say_doubt(&doubts, "this version of ringtail looks for no %s", unsought);
}

/* ---- the verdict ------------------------------------------------------------------------------ */

static bool is_unknown(struct report *report, char *why, size_t room)
{
	static const char sql[] = "SELECT count(*) FROM process WHERE events_lost > events_recorded";
	uint64_t lossy = (uint64_t)query_number(&report->query, sql, 0, 0);

	*why = '\0';
	if (!query_number(&report->query, "SELECT count(*) FROM process", 0, 0))
		snprintf(why, room, "nothing was recorded");
	else if (report->unread)
		snprintf(why, room, "%s %s could not be read", human_count(report->unread).text,
		         plural(report->unread, "process", "processes"));
	else if (lossy)
		snprintf(why, room, "%s %s lost more events than were recorded", human_count(lossy).text,
		         plural(lossy, "process", "processes"));
	return *why != '\0';
}

enum verdict gate_unknown(const char *why)
{
	fprintf(stderr, "ringtail: the check could not be made: %s\n", why);
	return VERDICT_UNKNOWN;
}

enum verdict gate_judge(struct report *report)
{
	struct tally tally = {0};
	char why[128];

	listing_each(&report->query, count, &tally);
	if (report->query.failed)
		return gate_unknown(report->query.err->text);
	say_unused(&report->suppress->rules);
	if (!tally.failing && is_unknown(report, why, sizeof why))
		return gate_unknown(why);
	if (tally.failing)
		say_failed(&tally);
	else
		fprintf(stderr, "ringtail: check passed");
	if (tally.suppressed)
		say_suppressed(&tally);
	if (!tally.failing)
		say_doubts(report);
	fprintf(stderr, "\n");
	return tally.failing ? VERDICT_FAILED : VERDICT_PASSED;
}
