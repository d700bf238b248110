#include "tools/store/finding_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/fnv.h"
#include "tools/base/memory.h"
#include "tools/symbolize/names.h"
#include "tools/symbolize/roles.h"

#define MAX_STACK 1024 /* frames that an id is made of: with another number, ids of deeper stacks would change */

static const char *module_name(const struct stack_set *stacks, const struct pc_frames *frames)
{
	const struct rt_module *module =
	    frames->module ? ring_file_module(stacks->ring, (uint32_t)frames->module - 1) : NULL;
	const char *slash = module ? memrchr(module->path, '/', strnlen(module->path, sizeof(module->path))) : NULL;

	if (!module)
		return "";
	return slash ? slash + 1 : module->path;
}

static uint64_t hash_offset(uint64_t hash, const struct stack_set *stacks, const struct pc_frames *frames)
{
	char offset[32];

	if (!frames->module)
		return fnv_text(hash, "(no module)");
	snprintf(offset, sizeof(offset), "+0x%" PRIx64, frames->offset);
	return fnv_text(fnv_text(hash, module_name(stacks, frames)), offset);
}

/* A compiler splits a function, and inlines a part of it into the rest: both have its name. */
static bool is_part_of_caller(const struct symbol_frame *frame)
{
	return frame->inlined && frame->function && frame[1].function && !strcmp(frame->function, frame[1].function);
}

/* The innermost `count` of the frames of one address. */
static uint64_t hash_names(uint64_t hash, const struct stack_set *stacks, const struct pc_frames *frames,
                           unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (i + 1 < frames->count && is_part_of_caller(&frames->frames[i]))
			continue;
		if (frames->frames[i].function)
			hash = fnv_text(hash, frames->frames[i].function);
		else
			hash = hash_offset(hash, stacks, frames);
	}
	return hash;
}

static bool is_libc(const struct stack_set *stacks, const struct pc_frames *frames)
{
	return !strncmp(module_name(stacks, frames), "libc.so", 7);
}

/* Leaves out the callers of main and of a thread's start routine: they are libc's, and differ between versions of
 * libc. */
static unsigned own_frames(const struct pc_frames *const *frames, unsigned count, const struct stack_set *stacks)
{
	unsigned own = count;

	for (unsigned i = 0; i < count; i++) {
		if (name_is_main(frames[i]->frames[frames[i]->count - 1].function))
			return i + 1;
	}
	while (own > 0 && is_libc(stacks, frames[own - 1]))
		own--;
	return own ? own : count;
}

/* How many frames of the outermost of `count` addresses there are without those of the runtime, as std::thread has them
 * below what it runs: which of them are left depends on the optimisation.  *count: without addresses that have no other
 * frames.  A stack of the runtime alone keeps all. */
static unsigned without_starters(const struct pc_frames *const *frames, unsigned *count)
{
	for (unsigned at = *count; at-- > 0;)
		for (unsigned left = frames[at]->count; left > 0; left--)
			if (frames[at]->frames[left - 1].role != ROLE_RUNTIME) {
				*count = at + 1;
				return left;
			}
	return *count ? frames[*count - 1]->count : 0;
}

static struct finding_key key_of_stack(struct stack_set *stacks, uint32_t stack)
{
	uint32_t pcs[MAX_STACK], root;
	const struct pc_frames *frames[MAX_STACK];
	unsigned length = ring_file_stack(stacks->ring, stack, pcs, MAX_STACK, &root), count = 0;
	struct finding_key key = {FNV_START, FNV_START};

	for (unsigned i = 0; i < length; i++) {
		frames[count] = stack_set_frames(stacks, pcs[i]);
		count += frames[count] != NULL;
	}
	count = own_frames(frames, count, stacks);
	for (unsigned i = 0; i < count; i++)
		key.place = hash_offset(key.place, stacks, frames[i]);
	unsigned outermost = without_starters(frames, &count);
	for (unsigned i = 0; i < count; i++)
		key.id = hash_names(key.id, stacks, frames[i], i + 1 < count ? frames[i]->count : outermost);
	return key;
}

static struct finding_key key_of_edge(struct stack_set *stacks, const struct finding_edge *edge)
{
	struct finding_key held = key_of_stack(stacks, edge->pid ? RT_STACK_NONE : edge->held_stack);
	struct finding_key wanted = key_of_stack(stacks, edge->pid ? RT_STACK_NONE : edge->wanted_stack);
	uint64_t ids[2] = {held.id, wanted.id}, places[2] = {held.place, wanted.place};

	return (struct finding_key){fnv_bytes(FNV_START, ids, sizeof(ids)),
	                            fnv_bytes(FNV_START, places, sizeof(places))};
}

/* Hashes the values as a set: neither their order nor repetitions matter. */
static uint64_t hash_set(uint64_t hash, uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_numbers_at);
	for (size_t i = 0; i < count; i++) {
		if (!i || values[i] != values[i - 1])
			hash = fnv_bytes(hash, &values[i], sizeof(values[i]));
	}
	return hash;
}

static uint64_t hash_class(const struct finding *finding)
{
	const char *class = finding_class_name(finding);

	return fnv_text(fnv_text(FNV_START, finding_kind_name(finding)), class ? class : "");
}

/* The values of which the two parts of a key are made. */
struct key_parts {
	uint64_t *ids, *places;
	size_t id_count, place_count;
};

static void add_part(struct key_parts *parts, struct finding_key key, bool named)
{
	parts->places[parts->place_count++] = key.place;
	if (named)
		parts->ids[parts->id_count++] = key.id;
}

/* Not the bytes behind the start of a variable: of an array, each run may show another element. */
static uint64_t hash_object(uint64_t hash, const struct finding_race *race)
{
	char name[sizeof race->variable];

	hash = fnv_text(hash, race->about);
	if (!race->variable_name)
		return hash;
	snprintf(name, sizeof name, "%.*s", (int)race->variable_name, race->variable);
	return fnv_text(hash, name);
}

struct finding_key finding_key(struct stack_set *stacks, const struct finding *finding)
{
	size_t room = finding->stack_count + finding->edge_count;
	struct key_parts parts = {memory_zeroed(room, sizeof(uint64_t)), memory_zeroed(room, sizeof(uint64_t)), 0, 0};
	struct finding_key key = {hash_class(finding), hash_class(finding)};

	if (finding->race)
		key.id = hash_object(key.id, finding->race);
	for (size_t i = 0; i < finding->stack_count; i++)
		if (finding->stacks[i].key != STACK_ASIDE)
			add_part(&parts, key_of_stack(stacks, finding->stacks[i].stack),
			         finding->stacks[i].key == STACK_NAMED);
	for (size_t i = 0; i < finding->edge_count; i++)
		add_part(&parts, key_of_edge(stacks, &finding->edges[i]), true);
	key.id = hash_set(key.id, parts.ids, parts.id_count);
	key.place = hash_set(key.place, parts.places, parts.place_count);
	free(parts.ids);
	free(parts.places);
	return key;
}

void finding_id(struct finding_key key, size_t ordinal, char out[FINDING_ID_TEXT])
{
	uint64_t number = ordinal;

	if (ordinal)
		key.id = fnv_bytes(key.id, &number, sizeof(number));
	snprintf(out, FINDING_ID_TEXT, "%016" PRIx64, key.id);
}
