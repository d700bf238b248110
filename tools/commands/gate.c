#include "tools/commands/gate.h"

#include "tools/render/format.h"
#include "tools/render/listing.h"
#include "tools/suppress/suppress.h"

struct verdict {
	uint64_t failing, suppressed;
};

static void count(struct report *report, const struct listed *listed, void *context)
{
	struct verdict *verdict = context;

	verdict->failing += !listed->suppressed_by;
	verdict->suppressed += listed->suppressed_by != NULL;
}

static void say_unused(const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->items[i].findings)
			fprintf(stderr, "ringtail: unused suppression: %s:%u: %s\n", rules->items[i].file,
			        rules->items[i].line, rules->items[i].text);
}

bool gate_failed(struct report *report)
{
	struct verdict verdict = {0};

	listing_each(report, count, &verdict);
	say_unused(&report->suppress->rules);
	if (verdict.failing)
		fprintf(stderr, "ringtail: check failed: %s %s", human_count(verdict.failing).text,
		        plural(verdict.failing, "finding", "findings"));
	else
		fprintf(stderr, "ringtail: check passed");
	if (verdict.suppressed)
		fprintf(stderr, ", %s suppressed", human_count(verdict.suppressed).text);
	fprintf(stderr, "\n");
	return verdict.failing > 0;
}
