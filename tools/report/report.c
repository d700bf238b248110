#include "tools/report/report.h"

#include "tools/query/listing.h"

struct taking {
	struct report *report;
	void (*take)(struct report *, const struct listed *, void *);
	void *context;
};

static void take(void *context, const struct listed *listed)
{
	const struct taking *taking = context;

	taking->take(taking->report, listed, taking->context);
}

void report_each_finding(struct report *report, void (*each)(struct report *, const struct listed *, void *),
                         void *context)
{
	listing_each(&report->query, take, &(struct taking){report, each, context});
}
