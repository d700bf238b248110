#include "tools/analyse/locks/happens_before.h"

#include <stdlib.h>

#include "tools/base/memory.h"

/* Steps of all searches together; after that, no further pair counts as ordered. */
#define MAX_STEPS (UINT64_C(1) << 28)

void happens_before_free(struct happens_before *order)
{
	free(order->segments);
	free(order->queue);
	free(order->links);
	*order = (struct happens_before){0};
}

uint32_t happens_before_segment(struct happens_before *order, uint32_t thread, uint32_t previous, uint32_t other)
{
	GROW(order->segments, order->room, order->count + 1);
	order->segments[order->count++] = (struct segment){.thread = thread, .previous = previous, .other = other};
	return (uint32_t)order->count;
}

uint32_t happens_before_linked(struct happens_before *order, uint32_t thread, uint32_t previous, uint32_t other,
                               uint32_t link)
{
	uint32_t id = happens_before_segment(order, thread, previous, other);

	order->segments[id - 1].via = link;
	return id;
}

uint32_t happens_before_link(struct happens_before *order)
{
	GROW(order->links, order->link_room, (size_t)order->link_count + 2);
	order->links[++order->link_count] = true;
	return order->link_count;
}

void happens_before_unlink(struct happens_before *order, uint32_t link)
{
	if (link)
		order->links[link] = false;
}

/* Segments are numbered as they begin, so an earlier segment has a lower number. */
static void visit(struct happens_before *order, uint32_t id, uint32_t oldest, size_t *queued)
{
	if (id < oldest || !id || order->segments[id - 1].seen == order->search)
		return;
	order->segments[id - 1].seen = order->search;
	GROW(order->queue, order->queue_room, *queued + 1);
	order->queue[(*queued)++] = id;
}

static void start_search(struct happens_before *order)
{
	if (++order->search != 0)
		return;
	for (size_t i = 0; i < order->count; i++)
		order->segments[i].seen = 0;
	order->search = 1;
}

static bool search(struct happens_before *order, uint32_t a, uint32_t b)
{
	uint32_t thread = order->segments[a - 1].thread;
	size_t queued = 0;

	start_search(order);
	visit(order, b, a, &queued);
	while (queued && order->steps++ < MAX_STEPS) {
		const struct segment *segment = &order->segments[order->queue[--queued] - 1];
		uint32_t previous = segment->previous, other = segment->other, via = segment->via;

		if (segment->thread == thread) /* segment a itself, or a later one of its thread */
			return true;
		visit(order, previous, a, &queued);
		if (!via || order->links[via])
			visit(order, other, a, &queued);
	}
	return false;
}

bool happens_before(struct happens_before *order, uint32_t a, uint32_t b)
{
	size_t slot = (a * UINT32_C(0x9e3779b9) ^ b) % HAPPENS_BEFORE_CACHE;

	if (!a || !b || a >= b)
		return false;
	if (order->cache[slot].a != a || order->cache[slot].b != b) {
		order->cache[slot].answer = search(order, a, b);
		order->cache[slot].a = a;
		order->cache[slot].b = b;
	}
	return order->cache[slot].answer;
}
