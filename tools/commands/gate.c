#include "tools/commands/gate.h"

#include "tools/base/format.h"
#include "tools/query/listing.h"
#include "tools/suppress/suppress.h"

struct tally {
	uint64_t failing, suppressed;
};

static void count(void *context, const struct listed *listed)
{
	struct tally *tally = context;

	tally->failing += !listed->suppressed_by;
	tally->suppressed += listed->suppressed_by != NULL;
}

static void say_unused(const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->items[i].findings)
			fprintf(stderr, "ringtail: unused suppression: %s:%u: %s\n", rules->items[i].file,
			        rules->items[i].line, rules->items[i].text);
}

static void say_failed(const struct tally *tally)
{
	fprintf(stderr, "ringtail: check failed: %s %s", human_count(tally->failing).text,
	        plural(tally->failing, "finding", "findings"));
}

static void say_passed(struct report *report)
{
	uint64_t lost = (uint64_t)query_number(&report->query, "SELECT sum(events_lost) FROM process", 0, 0);

	if (lost)
		fprintf(stderr, "ringtail: check passed, but %s %s lost", human_count(lost).text,
		        plural(lost, "event was", "events were"));
	else
		fprintf(stderr, "ringtail: check passed");
}

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
		say_passed(report);
	if (tally.suppressed)
		fprintf(stderr, ", %s suppressed", human_count(tally.suppressed).text);
	fprintf(stderr, "\n");
	return tally.failing ? VERDICT_FAILED : VERDICT_PASSED;
}
