#include "tools/analyse/heap/leak_course.h"

#define LOOKS_LEAST COURSE_QUARTERS

/* What the stack's sites had in common. */
struct sums {
	uint64_t allocations, live;
};

static struct sums sum_up(const struct site_table *sites, uint32_t stack)
{
	struct sums sums = {0};

	for (uint32_t i = sites_first(sites, stack); i; i = sites->items[i - 1].next) {
		sums.allocations += sites->items[i - 1].holder.counts.allocations;
		sums.live += sites->items[i - 1].holder.counts.live_blocks;
	}
	return sums;
}

/* A site that is not in a look had no blocks, or less than all of a look that is full: then they are not known. */
static bool count_in(const struct level_look *look, const struct site_table *sites, uint32_t stack, uint64_t *blocks)
{
	bool any = false;

	*blocks = 0;
	for (unsigned i = 0; i < look->count; i++) {
		uint32_t site = look->sites[i].site;

		if (!site || site > sites->count || sites->items[site - 1].stack != stack)
			continue;
		*blocks += look->sites[i].live_blocks;
		any = true;
	}
	return any || look->count < LEVEL_SITES;
}

/* What was live after each quarter of the looks. */
static bool count_quarters(const struct leak_history *history, uint32_t stack, uint64_t blocks[COURSE_QUARTERS])
{
	const struct levels *levels = history->levels;

	if (levels->count < LOOKS_LEAST)
		return false;
	for (unsigned i = 0; i < COURSE_QUARTERS; i++) {
		unsigned look = levels->count * (i + 1) / COURSE_QUARTERS - 1;

		if (!count_in(&levels->looks[look], history->sites, stack, &blocks[i]))
			return false;
	}
	return true;
}

static enum finding_course course_of(const uint64_t blocks[COURSE_QUARTERS])
{
	unsigned rises = 0;

	for (unsigned i = 1; i < COURSE_QUARTERS; i++)
		rises += blocks[i] > blocks[i - 1];
	if (rises == COURSE_QUARTERS - 1)
		return COURSE_GROWING;
	if (blocks[1] == blocks[2] && blocks[2] == blocks[3])
		return COURSE_STEADY;
	return COURSE_UNKNOWN;
}

struct leak_course leak_course(const struct leak_history *history, uint32_t stack, uint64_t blocks)
{
	struct leak_course course = {.course = COURSE_UNKNOWN};

	if (!history)
		return course;
	struct sums sums = sum_up(history->sites, stack);
	if (sums.allocations == 1 && blocks == 1)
		course.course = COURSE_ONCE;
	else if (sums.live == blocks && count_quarters(history, stack, course.blocks) &&
	         course.blocks[COURSE_QUARTERS - 1] == blocks)
		course.course = course_of(course.blocks);
	return course;
}
