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

#define BODY_HAND(ret, name, args, ...) ;
#define HOOK(ret, name, params, args, version, body, ...)                                                              \
	EXPORT ret name params BODY_##body(ret, name, args, ##__VA_ARGS__)
#include "shim/hooks.def"
#undef HOOK

/* A row without a body fails the build: this table refers to every hook, and the Makefile searches the library for
 * each. */
#define HOOK(ret, name, params, args, version, body, ...) (void *)name,
__attribute__((used)) static void *const all_hooks[] = {
#include "shim/hooks.def"
};
