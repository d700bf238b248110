#include "tools/hang/hang_state.h"

#include <stdlib.h>

#include "tools/analyse/locks/locks.h"

uint64_t hang_state(const struct lock_analysis *locks, const struct tasks *tasks, const struct finding_list *findings)
{
	uint64_t state = findings->count > 0;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];

		state += deadlock_fingerprint(finding);
		for (size_t j = 0; j < finding->thread_count; j++) {
			struct living_thread thread;
			const struct process_task *task = locks_living_thread(locks, finding->threads[j], &thread)
			                                      ? tasks_find(tasks, thread.tid)
			                                      : NULL;

			if (task && thread.kind != RT_KIND_SPIN)
				state += u64_mix(task->switches + thread.id);
		}
	}
	return state;
}

void hang_drop_told(struct u64_map *seen, uint64_t salt, struct finding_list *findings)
{
	struct finding_list fresh = {0}, told = {0};

	for (size_t i = 0; i < findings->count; i++) {
		struct finding *finding = &findings->items[i];
		bool is_told = deadlock_note_waits(seen, salt, finding);

		finding_move(is_told ? &told : &fresh, finding);
	}
	finding_list_free(&told);
	free(findings->items);
	*findings = fresh;
}
