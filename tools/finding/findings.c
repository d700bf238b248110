#include "tools/finding/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"

static struct finding *append(struct finding_list *list, struct finding finding)
{
	GROW(list->items, list->room, list->count + 1);
	list->items[list->count] = finding;
	return &list->items[list->count++];
}

struct finding *finding_add(struct finding_list *list, enum finding_class class)
{
	return append(list, (struct finding){.kind = class_kind(class), .class = class});
}

struct finding *finding_add_word(struct finding_list *list, enum finding_kind kind, const char *word)
{
	return append(list, (struct finding){.kind = kind, .word = word});
}

void finding_move(struct finding_list *list, struct finding *finding)
{
	append(list, *finding);
	*finding = (struct finding){0};
}

const char *finding_kind_name(const struct finding *finding) { return kind_name(finding->kind); }

const char *finding_class_name(const struct finding *finding)
{
	return finding->class == FINDING_NONE ? finding->word : class_name(finding->class);
}

const char *finding_course_name(enum finding_course course)
{
	static const char *const names[] = {
	    [COURSE_ONCE] = "once", [COURSE_GROWING] = "growing", [COURSE_STEADY] = "steady"};

	return names[course];
}

void finding_message(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->message, sizeof finding->message, format, arguments);
	va_end(arguments);
}

/* The capacity is not stored: it is the next power of two. */
static void *one_more(void *items, size_t *count, size_t size)
{
	size_t room = *count;

	if ((*count & (*count - 1)) == 0)
		items = memory_grow(items, &room, *count * 2 + 1, size);
	memset((char *)items + *count * size, 0, size);
	++*count;
	return items;
}

struct finding_stack *finding_add_stack(struct finding *finding, const char *label, uint32_t thread, uint64_t stamp,
                                        uint32_t stack)
{
	struct finding_stack *added;

	finding->stacks = one_more(finding->stacks, &finding->stack_count, sizeof *finding->stacks);
	added = &finding->stacks[finding->stack_count - 1];
	snprintf(added->label, sizeof added->label, "%s", label);
	added->thread = thread;
	added->stamp = stamp;
	added->stack = stack;
	return added;
}

struct finding_object *finding_add_object(struct finding *finding, uint8_t kind, uint64_t address, uint32_t generation,
                                          uint32_t created_stack)
{
	struct finding_object *added;

	for (size_t i = 0; i < finding->object_count; i++) {
		added = &finding->objects[i];
		if (added->kind == kind && added->address == address && added->generation == generation)
			return added;
	}
	finding->objects = one_more(finding->objects, &finding->object_count, sizeof *finding->objects);
	added = &finding->objects[finding->object_count - 1];
	*added = (struct finding_object){
	    .kind = kind, .address = address, .generation = generation, .created_stack = created_stack};
	return added;
}

void finding_add_lock(struct finding *finding, const struct finding_object *lock)
{
	*finding_add_object(finding, lock->kind, lock->address, lock->generation, lock->created_stack) = *lock;
}

struct finding_edge *finding_add_edge(struct finding *finding)
{
	finding->edges = one_more(finding->edges, &finding->edge_count, sizeof *finding->edges);
	return &finding->edges[finding->edge_count - 1];
}

void finding_add_kept(struct finding *finding, struct finding_kept kept)
{
	finding->kept = one_more(finding->kept, &finding->kept_count, sizeof *finding->kept);
	finding->kept[finding->kept_count - 1] = kept;
	finding->kept_blocks += kept.blocks;
	finding->kept_bytes += kept.bytes;
}

void finding_add_thread(struct finding *finding, uint32_t thread)
{
	for (size_t i = 0; i < finding->thread_count; i++)
		if (finding->threads[i] == thread)
			return;
	finding->threads = one_more(finding->threads, &finding->thread_count, sizeof *finding->threads);
	finding->threads[finding->thread_count - 1] = thread;
}

void finding_set_race(struct finding *finding, const struct finding_race *race, const char *const labels[2])
{
	finding->race = memory_zeroed(1, sizeof *finding->race);
	*finding->race = *race;
	for (unsigned i = 0; i < 2; i++) {
		const struct finding_side *side = &race->sides[i];

		if (side->unseen)
			continue;
		finding_add_stack(finding, labels[i], side->thread, side->stamp, side->stack);
		finding_add_thread(finding, side->thread);
	}
	if (race->allocated_stack)
		finding_add_stack(finding, "the block was allocated here", 0, 0, race->allocated_stack)->key =
		    STACK_ASIDE;
}

struct ranked {
	size_t index; /* findings of equal rank keep the order in which they were found */
	unsigned rank;
	uint64_t bytes, ticks, times;
};

static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	int order = compare_next(compare_numbers(a->rank, b->rank), b->bytes, a->bytes);

	order = compare_next(compare_next(order, b->ticks, a->ticks), b->times, a->times);
	return compare_next(order, a->index, b->index);
}

void finding_list_sort(struct finding_list *list)
{
	struct ranked *order = memory_zeroed(list->count, sizeof *order);
	struct finding *sorted = memory_zeroed(list->count, sizeof *sorted);

	for (size_t i = 0; i < list->count; i++) {
		const struct finding *item = &list->items[i];

		order[i] = (struct ranked){i, class_rank(item->kind, item->class), finding_all_bytes(item), item->ticks,
		                           item->times};
	}
	qsort(order, list->count, sizeof *order, compare);
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = list->items[order[i].index];
	free(order);
	free(list->items);
	list->items = sorted;
	list->room = list->count;
}

static void free_parts(struct finding *finding)
{
	free(finding->stacks);
	free(finding->objects);
	free(finding->edges);
	free(finding->kept);
	free(finding->threads);
	free(finding->race);
}

void finding_list_remove(struct finding_list *list, size_t index)
{
	free_parts(&list->items[index]);
	list->count--;
	memmove(&list->items[index], &list->items[index + 1], (list->count - index) * sizeof *list->items);
}

void finding_list_free(struct finding_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free_parts(&list->items[i]);
	free(list->items);
	*list = (struct finding_list){0};
}
