#include "tools/store/order_names.h"

#include <stdlib.h>
#include <string.h>

#include "tools/store/subject_names.h"

#define LOCKS_MOST 4 /* of more, no order is written */

struct lock_name {
	char text[OBJECT_NAME_TEXT];
};

static bool is_lock(const struct finding_object *object)
{
	return object->kind == RT_KIND_MUTEX || object->kind == RT_KIND_RWLOCK || object->kind == RT_KIND_SPIN;
}

/* Stacks of another process are not known here. */
static bool has_locks_alone(const struct finding *finding)
{
	for (size_t i = 0; i < finding->edge_count; i++) {
		const struct finding_edge *edge = &finding->edges[i];

		if (edge->pid || edge->inferred || edge->ahead || !is_lock(&edge->held) || !is_lock(&edge->wanted))
			return false;
	}
	return finding->edge_count > 1 && finding->edge_count <= LOCKS_MOST;
}

/* Elements of an array, or blocks that one place allocated. */
static bool are_of_one_place(const struct finding *finding)
{
	uint32_t stack = finding->edges[0].held.block_stack;

	for (size_t i = 1; i < finding->edge_count; i++)
		if (finding->edges[i].held.block_stack != stack)
			return false;
	return stack != RT_STACK_NONE;
}

static int by_text(const void *left, const void *right)
{
	const struct lock_name *a = left, *b = right;

	return strcmp(a->text, b->text);
}

/* "the lock 40 bytes into the block from make_session (session.c:12)"; a variable's name stands alone. */
static bool name_in_order(struct writer *writer, const struct finding_edge *edge, char out[OBJECT_NAME_TEXT])
{
	char block[OBJECT_NAME_TEXT];

	if (object_name(writer, edge->held.address, edge->held_since, out))
		return true;
	if (!block_name(writer, edge->held.block_stack, edge->held.block_into, "the", block))
		return false;
	snprintf(out, OBJECT_NAME_TEXT, "the %s %.*s", event_kind_name(edge->held.kind), OBJECT_NAME_TEXT - 16, block);
	return true;
}

/* False: a lock has no name, or two have the same. */
static bool name_locks(struct writer *writer, const struct finding *finding, struct lock_name *names)
{
	for (size_t i = 0; i < finding->edge_count; i++) {
		if (!name_in_order(writer, &finding->edges[i], names[i].text))
			return false;
	}
	qsort(names, finding->edge_count, sizeof *names, by_text);
	for (size_t i = 1; i < finding->edge_count; i++)
		if (!strcmp(names[i - 1].text, names[i].text))
			return false;
	return true;
}

void write_lock_order(struct writer *writer, const struct finding *finding, FILE *out)
{
	struct lock_name names[LOCKS_MOST];

	if (!has_locks_alone(finding))
		return;
	if (are_of_one_place(finding)) {
		fputs(", such as that of their addresses", out);
		return;
	}
	if (!name_locks(writer, finding, names))
		return;
	for (size_t i = 0; i < finding->edge_count; i++)
		fprintf(out, "%s%s", i ? " before " : ", such as ", names[i].text);
}
