#include "tests/harness/event_script.h"

#include <string.h>

void script_begin(struct script *script)
{
	memset(script, 0, sizeof *script);
	script->ring.header.nodes.count = 4096;
	script->analysis = analysis_new(&script->ring);
}

void script_finish(struct script *script, int how)
{
	analysis_finish(script->analysis, (struct process_end){.how = how, .stamp = ++script->now});
}

void script_free(struct script *script) { analysis_free(script->analysis); }

void script_event(struct script *script, struct event event)
{
	event.stamp = ++script->now;
	event.lane = event.thread;
	analysis_event(script->analysis, &event);
}

void script_alloc(struct script *script, unsigned type, uint32_t thread, uint32_t stack, uint64_t address,
                  uint64_t size)
{
	script_event(script,
	             (struct event){.type = type, .thread = thread, .stack = stack, .object = address, .size = size});
}

void script_object(struct script *script, unsigned type, uint32_t thread, uint32_t stack, uint64_t object)
{
	script_event(script, (struct event){.type = type, .thread = thread, .stack = stack, .object = object});
}

void script_loss(struct script *script, uint32_t thread, uint64_t events)
{
	script_event(script, (struct event){.type = RT_LOSS, .thread = thread, .object = events, .aux = RT_LOSS_FULL});
}

void script_sync(struct script *script, unsigned type, uint32_t thread, uint32_t stack, unsigned kind, unsigned flags,
                 uint64_t object)
{
	script_event(script, (struct event){.type = type,
	                                    .thread = thread,
	                                    .stack = stack,
	                                    .kind = kind,
	                                    .flags = flags,
	                                    .object = object,
	                                    .aux = (uint16_t)rt_sync_aux(kind, flags, 0)});
}

void script_lock(struct script *script, uint32_t thread, uint32_t stack, uint64_t mutex)
{
	script_sync(script, RT_ACQUIRE, thread, stack, RT_KIND_MUTEX, 0, mutex);
}

void script_wait(struct script *script, uint32_t thread, uint32_t stack, uint64_t mutex)
{
	script_sync(script, RT_WAIT, thread, stack, RT_KIND_MUTEX, 0, mutex);
}

void script_unlock(struct script *script, uint32_t thread, uint64_t mutex)
{
	script_sync(script, RT_RELEASE, thread, 0, RT_KIND_MUTEX, 0, mutex);
}

void script_cond(struct script *script, unsigned type, uint32_t thread, uint32_t stack, uint64_t cond, uint64_t mutex)
{
	script_event(script, (struct event){.type = type,
	                                    .thread = thread,
	                                    .stack = stack,
	                                    .kind = RT_KIND_COND,
	                                    .object = cond,
	                                    .arg = mutex,
	                                    .aux = RT_KIND_COND});
}

static void begin_thread(struct script *script, uint32_t id, unsigned flags)
{
	script_event(script, (struct event){.type = RT_THREAD_BEGIN,
	                                    .thread = id,
	                                    .object = PTHREAD(id),
	                                    .aux = flags,
	                                    .arg = id | (uint64_t)(1000 + id) << 32});
}

void script_main(struct script *script) { begin_thread(script, 1, RT_THREAD_MAIN); }

void script_create(struct script *script, uint32_t creator, uint32_t stack, uint32_t id, unsigned flags)
{
	script_event(script, (struct event){.type = RT_THREAD_CREATE,
	                                    .thread = creator,
	                                    .stack = stack,
	                                    .object = 0x4000,
	                                    .aux = flags,
	                                    .arg = id});
	begin_thread(script, id, flags);
	script_event(script,
	             (struct event){.type = RT_THREAD_CREATED, .thread = creator, .object = PTHREAD(id), .arg = id});
}

void script_end(struct script *script, uint32_t thread) { script_object(script, RT_THREAD_END, thread, 0, 0); }

void script_join_wait(struct script *script, uint32_t joiner, uint32_t stack, uint32_t id)
{
	script_sync(script, RT_WAIT, joiner, stack, RT_KIND_THREAD, 0, PTHREAD(id));
}

void script_join(struct script *script, uint32_t joiner, uint32_t stack, uint32_t id)
{
	script_join_wait(script, joiner, stack, id);
	script_object(script, RT_JOINED, joiner, stack, PTHREAD(id));
}

void script_exit(struct script *script, uint32_t thread)
{
	script_event(script, (struct event){.type = RT_EXIT, .thread = thread, .aux = RT_END_EXIT});
}

static bool matches(const struct finding *finding, const char *kind, const char *class)
{
	const char *found = finding_class_name(finding);

	return !strcmp(finding_kind_name(finding), kind) && (!class || (found && !strcmp(found, class)));
}

const struct finding *script_finding(const struct script *script, const char *kind, const char *class, size_t nth)
{
	const struct finding_list *list = script->analysis->findings;

	for (size_t i = 0; i < list->count; i++)
		if (matches(&list->items[i], kind, class) && nth-- == 0)
			return &list->items[i];
	return NULL;
}

size_t script_count(const struct script *script, const char *kind, const char *class)
{
	size_t count = 0;

	while (script_finding(script, kind, class, count))
		count++;
	return count;
}

const struct lock_result *script_lock_result(const struct script *script, uint64_t address, uint32_t generation)
{
	size_t count;
	const struct lock_result *locks = locks_results(script->analysis->locks, &count);

	for (size_t i = 0; i < count; i++)
		if (locks[i].address == address && locks[i].generation == generation)
			return &locks[i];
	return NULL;
}

const struct thread_result *script_thread(const struct script *script, uint32_t id)
{
	size_t count;
	const struct thread_result *threads = threads_results(script->analysis->threads, &count);

	for (size_t i = 0; i < count; i++)
		if (threads[i].id == id)
			return &threads[i];
	return NULL;
}

struct heap_counts script_site(const struct script *script, uint32_t stack)
{
	size_t count;
	const struct heap_site *sites = heap_sites(script->analysis->heap, &count);

	for (size_t i = 0; i < count; i++)
		if (sites[i].stack == stack)
			return sites[i].counts;
	return (struct heap_counts){0};
}
