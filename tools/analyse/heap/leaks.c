#include "tools/analyse/heap/leaks.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/base/compare.h"
#include "tools/base/format.h"
#include "tools/base/memory.h"

/* A class of groups beside enum leak_class: they seem lost, but what is missing may show that they are not. */
#define DOUBTFUL LEAK_CLASSES

static const struct {
	enum finding_class class;
	const char *says;
} classes[LEAK_CLASSES + 1] = {
    [LEAK_DEFINITE] = {FINDING_LEAK_DEFINITE, "allocated here can no longer be reached"},
    [LEAK_INDIRECT] = {FINDING_LEAK_INDIRECT, "allocated here can be reached only from lost blocks"},
    [LEAK_POSSIBLE] = {FINDING_LEAK_POSSIBLE,
                       "allocated here can be reached only by pointers that do not point to their start"},
    [LEAK_REACHABLE] = {FINDING_LEAK_REACHABLE, "allocated here and never freed can still be reached"},
    [DOUBTFUL] = {FINDING_LEAK_POSSIBLE,
                  "allocated here cannot be reached by a pointer to their start, as far as is known"},
};

/* By class, stack and owner: groups of one stack from several allocation functions become one. */
static int by_place(const void *left, const void *right)
{
	const struct leak_group *a = left, *b = right;

	return compare_next(compare_next(compare_numbers(a->class, b->class), a->stack, b->stack), a->owner_stack,
	                    b->owner_stack);
}

static bool same_place(const struct leak_group *a, const struct leak_group *b) { return by_place(a, b) == 0; }

static size_t merge_same(struct leak_group *groups, size_t count)
{
	size_t kept = 0;

	if (!count)
		return 0;
	qsort(groups, count, sizeof *groups, by_place);
	for (size_t i = 1; i < count; i++) {
		if (same_place(&groups[kept], &groups[i])) {
			groups[kept].blocks += groups[i].blocks;
			groups[kept].bytes += groups[i].bytes;
			if (groups[i].held_blocks > groups[kept].held_blocks)
				groups[kept].held_at = groups[i].held_at;
			groups[kept].held_blocks += groups[i].held_blocks;
			groups[kept].cycle_blocks += groups[i].cycle_blocks;
		} else {
			groups[++kept] = groups[i];
		}
	}
	return kept + 1;
}

static int by_bytes(const void *left, const void *right)
{
	const struct finding_kept *a = left, *b = right;

	return compare_next(compare_numbers(b->bytes, a->bytes), a->stack, b->stack);
}

/* Adds the blocks that are lost with the blocks of this stack. */
static void add_kept(struct finding *finding, uint32_t stack, const struct leak_group *groups, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (groups[i].class != LEAK_INDIRECT || groups[i].owner_stack != stack)
			continue;
		finding_add_kept(finding, (struct finding_kept){groups[i].stack, groups[i].blocks, groups[i].bytes});
	}
	if (finding->kept_count)
		qsort(finding->kept, finding->kept_count, sizeof *finding->kept, by_bytes);
}

/* The program keeps a header in front of what it points to, or links the blocks by a member that is not the first. */
static void write_held(const struct leak_group *group, char *out, size_t size)
{
	char some[32] = "";

	if (group->held_blocks < group->blocks)
		snprintf(some, sizeof some, "%llu of them ", (unsigned long long)group->held_blocks);
	snprintf(out, size, ", %sby pointers %llu bytes behind their start", some, (unsigned long long)group->held_at);
}

/* A lost block that leads to itself through others: what counts references never comes to 0 there. */
static void write_cycle(const struct leak_group *group, char *out, size_t size)
{
	if (group->cycle_blocks == group->blocks)
		snprintf(out, size, "; %s part of a cycle of pointers", plural(group->blocks, "it is", "each is"));
	else if (group->cycle_blocks)
		snprintf(out, size, "; %llu of them %s part of a cycle of pointers",
		         (unsigned long long)group->cycle_blocks, plural(group->cycle_blocks, "is", "are"));
}

static void write_course(const struct leak_course *course, char *out, size_t size)
{
	const uint64_t *blocks = course->blocks;

	if (course->course == COURSE_ONCE)
		snprintf(out, size, "; allocated once in this run");
	else if (course->course == COURSE_GROWING)
		snprintf(out, size, "; growing all along: %llu, %llu, %llu, then %llu lost blocks",
		         (unsigned long long)blocks[0], (unsigned long long)blocks[1], (unsigned long long)blocks[2],
		         (unsigned long long)blocks[3]);
	else if (course->course == COURSE_STEADY)
		snprintf(out, size, "; their number did not grow in the last half of the run");
}

static void write_message(struct finding *finding, const struct leak_group *group, const struct leak_course *course,
                          const char *doubt)
{
	uint64_t blocks = finding->kept_blocks, bytes = finding->kept_bytes;
	char with[128] = "", cycle[80] = "", over_time[160] = "";

	if (blocks)
		snprintf(with, sizeof with, "; another %llu %s in %llu %s %s lost with %s", (unsigned long long)bytes,
		         plural(bytes, "byte", "bytes"), (unsigned long long)blocks, plural(blocks, "block", "blocks"),
		         plural(bytes, "was", "were"), plural(group->blocks, "it", "them"));
	if (group->class == LEAK_REACHABLE && group->held_blocks)
		write_held(group, with, sizeof with);
	if (group->class == DOUBTFUL)
		snprintf(with, sizeof with, ": %s", doubt);
	if (group->class == LEAK_DEFINITE)
		write_cycle(group, cycle, sizeof cycle);
	write_course(course, over_time, sizeof over_time);
	finding_message(finding, "%llu %s in %llu %s %s%s%s%s", (unsigned long long)group->bytes,
	                plural(group->bytes, "byte", "bytes"), (unsigned long long)group->blocks,
	                plural(group->blocks, "block", "blocks"), classes[group->class].says, with, cycle, over_time);
}

/* All lost blocks of the stack: in a cycle, chance decides which of them are the definite ones. */
static uint64_t lost_blocks(const struct leak_group *groups, size_t count, uint32_t stack)
{
	uint64_t blocks = 0;

	for (size_t i = 0; i < count; i++)
		if ((groups[i].class == LEAK_DEFINITE || groups[i].class == LEAK_INDIRECT) && groups[i].stack == stack)
			blocks += groups[i].blocks;
	return blocks;
}

static void report_group(const struct leak_group *group, const struct leak_group *groups, size_t count,
                         const struct leak_history *history, const char *doubt, struct finding_list *findings)
{
	struct finding *finding = finding_add(findings, classes[group->class].class);
	struct leak_course course = {0};

	finding->blocks = group->blocks;
	finding->bytes = group->bytes;
	finding_add_stack(finding, "allocated here", 0, 0, group->stack);
	if (group->class == LEAK_INDIRECT)
		finding_add_stack(finding, "lost with blocks allocated here", 0, 0, group->owner_stack);
	if (group->class == LEAK_DEFINITE) {
		add_kept(finding, group->stack, groups, count);
		course = leak_course(history, group->stack, lost_blocks(groups, count, group->stack));
	}
	finding->course = course.course;
	write_message(finding, group, &course, doubt);
}

/* Only the process itself can read some pages (memfd_secret), and some pages are damaged. */
static void report_unread(const struct leak_scan *scan, struct finding_list *findings)
{
	if (!scan->unread)
		return;
	finding_message(
	    finding_add(findings, FINDING_LOSS_SCAN),
	    "%llu byte%s of the process's memory could not be read: blocks with pointers only there seem lost",
	    (unsigned long long)scan->unread, scan->unread == 1 ? "" : "s");
}

#define DOUBT_EVENTS "events were lost"
#define DOUBT_MEMORY "a part of the memory could not be read"

/* A pointer to the blocks, or their free, may be in what is missing.  Which of them are lost with others is not known
 * either. */
static struct leak_group doubted(struct leak_group group)
{
	if (group.class != LEAK_REACHABLE)
		group.class = DOUBTFUL;
	group.owner_stack = 0;
	return group;
}

static bool is_doubtful(const struct leak_group *group, const struct leak_scan *scan, bool events_lost)
{
	return scan->unread || (events_lost && group->unproven);
}

void leaks_report(const struct leak_scan *scan, bool events_lost, const struct leak_history *history,
                  struct finding_list *findings)
{
	struct leak_group *groups = memory_zeroed(scan->count + 1, sizeof *groups);
	const char *doubt = scan->unread ? DOUBT_MEMORY : DOUBT_EVENTS;

	for (size_t i = 0; i < scan->count; i++) {
		const struct leak_group *group = &scan->groups[i];

		groups[i] = is_doubtful(group, scan, events_lost) ? doubted(*group) : *group;
	}
	size_t count = merge_same(groups, scan->count);
	for (size_t i = 0; i < count; i++)
		report_group(&groups[i], groups, count, history, doubt, findings);
	free(groups);
	report_unread(scan, findings);
}
