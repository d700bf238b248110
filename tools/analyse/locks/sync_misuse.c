#include "tools/analyse/locks/sync_misuse.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/analyse/locks/deadlock.h"
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
	finding->information = misuse->information;
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

/* The wrong call is a wait for what the thread holds itself: all that is wrong with it is that it never returns. */
static bool is_wait_for_itself(enum finding_class class)
{
	return class == FINDING_MISUSE_MUTEX_RELOCK || class == FINDING_MISUSE_SPIN_RELOCK ||
	       class == FINDING_MISUSE_RWLOCK_UPGRADE;
}

static bool is_hang(const struct sync_misuse *misuse, const struct u64_map *hangs)
{
	const struct misuse_stack *call = &misuse->stacks[0];

	return is_wait_for_itself(misuse->class) &&
	       u64_map_get(hangs, deadlock_wait_key(call->thread, call->stamp)) != 0;
}

void sync_misuse_report(const struct sync_misuses *misuses, const struct u64_map *hangs, struct finding_list *findings)
{
	for (const struct misuse_note *note = misuses->notes; note; note = note->hh.next)
		if (!is_hang(&note->first, hangs))
			report(note, findings);
}
