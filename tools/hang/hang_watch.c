#include "tools/hang/hang_watch.h"

#include <stdlib.h>

#include "tools/analyse/locks/deadlock.h"
#include "tools/hang/hang_state.h"

static void realised(const struct lock_analysis *locks, const struct deadlock_evidence *evidence,
                     struct finding_list *findings)
{
	struct u64_map reported = {0};

	deadlock_realised(locks, evidence, findings, &reported);
	u64_map_free(&reported);
}

/* True if the events alone suggest a deadlock; nearly always they do not. */
static bool looks_hung(const struct recording *recording, struct deadlock_evidence *evidence)
{
	struct finding_list findings = {0};

	*evidence = (struct deadlock_evidence){.before = tasks_old_enough(&recording->ring), .settled = UINT64_MAX};
	realised(recording->analysis->locks, evidence, &findings);
	bool hung = findings.count > 0;
	finding_list_free(&findings);
	return hung;
}

size_t hang_watch_look(struct hang_watch *watch, struct recording *recording, uint64_t now,
                       struct finding_list *findings)
{
	const struct lock_analysis *locks = recording->analysis->locks;
	struct deadlock_evidence evidence;
	struct tasks tasks;

	*findings = (struct finding_list){0};
	if (now - watch->looked < HANG_LOOK_EVERY_NS)
		return 0;
	watch->looked = now;
	if (!looks_hung(recording, &evidence)) {
		watch->state = 0;
		return 0;
	}
	tasks = tasks_ask(recording, &evidence);
	realised(locks, &evidence, findings);
	uint64_t state = hang_state(locks, &tasks, findings);
	bool same = state && state == watch->state, confirmed = same && now - watch->seen >= HANG_CONFIRM_NS;
	if (!same)
		watch->seen = now;
	watch->state = state;
	if (confirmed)
		hang_drop_told(&watch->told, 0, findings);
	else
		finding_list_free(findings);
	tasks_free(&tasks);
	deadlock_evidence_free(&evidence);
	return findings->count;
}

void hang_watch_keep(struct recording *recording, struct finding_list *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		deadlock_keep(recording->analysis->locks, findings->items[i]);
	free(findings->items);
	*findings = (struct finding_list){0};
}

void hang_watch_free(struct hang_watch *watch) { u64_map_free(&watch->told); }
