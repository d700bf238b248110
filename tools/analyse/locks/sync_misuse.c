#include "tools/analyse/locks/sync_misuse.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/memory.h"

#define MAX_NOTES 10000u

struct note_key {
	const char *message;
	uint32_t stacks[MISUSE_STACKS];
	uint32_t class, kind, zero;
};
_Static_assert(sizeof(struct note_key) == 32, "hashed as bytes: no padding");

struct misuse_note {
	struct note_key key;
	struct sync_misuse first;
	uint64_t times;
	UT_hash_handle hh;
};

void sync_misuses_free(struct sync_misuses *misuses)
{
	struct misuse_note *note, *next;

	HASH_ITER(hh, misuses->notes, note, next)
	{
		HASH_DEL(misuses->notes, note);
		free(note);
	}
}

void sync_misuse_note(struct sync_misuses *misuses, const struct sync_misuse *misuse)
{
	struct note_key key = {.class = misuse->class, .message = misuse->message, .kind = misuse->object.kind};
	struct misuse_note *note;

	if (misuses->uncertain)
		return;
	for (unsigned i = 0; i < MISUSE_STACKS; i++)
		key.stacks[i] = misuse->stacks[i].stack;
	HASH_FIND(hh, misuses->notes, &key, sizeof key, note);
	if (!note) {
		if (HASH_COUNT(misuses->notes) >= MAX_NOTES)
			return;
		note = memory_zeroed(1, sizeof *note);
		note->key = key;
		note->first = *misuse;
		HASH_ADD(hh, misuses->notes, key, sizeof note->key, note);
	}
	note->times++;
}

static void report(const struct misuse_note *note, struct finding_list *findings)
{
	const struct sync_misuse *misuse = &note->first;
	struct finding *finding = finding_add(findings, misuse->class);
	const struct finding_object *object = &misuse->object;

	finding_message(finding, "%s", misuse->message);
	finding->times = note->times;
	if (object->kind != RT_KIND_NONE)
		finding_add_object(finding, object->kind, object->address, object->generation, object->created_stack);
	for (unsigned i = 0; i < MISUSE_STACKS; i++) {
		const struct misuse_stack *stack = &misuse->stacks[i];

		if (!stack->label)
			continue;
		finding_add_stack(finding, stack->label, stack->thread, stack->stamp, stack->stack);
		if (stack->thread)
			finding_add_thread(finding, stack->thread);
	}
}

void sync_misuse_report(const struct sync_misuses *misuses, struct finding_list *findings)
{
	for (const struct misuse_note *note = misuses->notes; note; note = note->hh.next)
		report(note, findings);
}
