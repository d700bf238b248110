/* The hooks whose bodies come from their rows, and the function that all hooks record through. */
#include "shim/hooks.h"

static inline __attribute__((always_inline)) void record_words(struct thread *self, const struct caller *caller,
                                                               unsigned type, unsigned words, uint64_t word1,
                                                               uint64_t word2, uint64_t word3)
{
	unsigned lane = thread_enter(self, (uintptr_t)__builtin_frame_address(0));
	if (likely(lane < RING_LANES)) {
		struct ring_record record = ring_begin(self, &self->lanes[lane], words);
		if (likely(record.at != NULL)) {
			uint32_t stack = stack_capture(&self->stack, lane, caller);
			ring_commit(&self->lanes[lane], record, type, stack, words, word1, word2, word3);
		}
	}
	thread_leave(self, lane);
}

/* NULL: nothing is recorded.  A state that was ready when the hook began may be wiped by now, if a signal handler has
 * forked and this is the child. */
static inline struct thread *still_ready(struct thread *self)
{
	return likely(!self || self->ready) ? self : thread_attach();
}

/* A function of its own for events of two words, as nearly all are. */
void record(struct thread *self, const struct caller *caller, unsigned type, uint64_t word1)
{
	self = still_ready(self);
	if (likely(self != NULL))
		record_words(self, caller, type, 2, word1, 0, 0);
}

void record_wide(struct thread *self, const struct caller *caller, unsigned type, unsigned words, uint64_t word1,
                 uint64_t word2, uint64_t word3)
{
	self = still_ready(self);
	if (likely(self != NULL))
		record_words(self, caller, type, words, word1, word2, word3);
}

/* Keeps the hash in place of what was there longest in its set of four.  True: it was there. */
static bool was_told(struct thread *self, uint64_t hash)
{
	uint64_t *set = &self->on_stack[hash % (ON_STACK_KNOWN / 4) * 4];
	for (unsigned i = 0; i < 4; i++)
		if (set[i] == hash)
			return true;
	for (unsigned i = 3; i > 0; i--)
		set[i] = set[i - 1];
	set[0] = hash;
	return false;
}

/* The state may have been another thread's, whose number is another. */
static uint64_t hash_of(const struct thread *self, uintptr_t object, uint32_t stack)
{
	uint64_t hash = (object ^ (uint64_t)self->id << 48) * UINT64_C(0x9e3779b97f4a7c15) + stack;
	hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return (hash ^ hash >> 32) | 1;
}

void record_on_stack(struct thread *self, const struct caller *caller, const void *object)
{
	self = still_ready(self);
	if (!self || options.stacks != RT_STACKS_FULL || caller->sp < self->stack.low || caller->sp >= self->stack.high)
		return;
	unsigned lane = thread_enter(self, (uintptr_t)__builtin_frame_address(0));
	if (!lane) {
		uint32_t call = stack_capture(&self->stack, 0, caller);
		if (!was_told(self, hash_of(self, (uintptr_t)object, call))) {
			struct ring_record record = ring_begin(self, &self->lanes[0], 3);
			if (likely(record.at != NULL)) {
				uint32_t base = stack_capture_beyond(&self->stack, (uintptr_t)object);
				ring_commit(&self->lanes[0], record, RT_ON_STACK, base, 3,
				            rt_word1((uintptr_t)object, 0), call, 0);
			}
		}
	}
	thread_leave(self, lane);
}

#define BODY_HAND(ret, name, args, ...) ;
#define HOOK(ret, name, params, args, version, body, ...)                                                              \
	EXPORT ret name params BODY_##body(ret, name, args, ##__VA_ARGS__)
#include "shim/hooks.def"
#undef HOOK

/* A row without a body fails the build: this table refers to every hook, and the Makefile searches the library for
 * each. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#define HOOK(ret, name, params, args, version, body, ...) (void *)name,
__attribute__((used)) static void *const all_hooks[] = {
#include "shim/hooks.def"
};
