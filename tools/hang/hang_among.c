#include "tools/hang/hang_among.h"

#include <stdlib.h>

#include "tools/analyse/locks/deadlock.h"
#include "tools/analyse/locks/locks.h"
#include "tools/analyse/locks/shared_memory.h"
#include "tools/hang/hang_state.h"
#include "tools/base/memory.h"

struct member { /* one of the processes that are searched */
	struct deadlock_evidence evidence;
	const struct deadlock_evidence *given; /* replaces the evidence of the analysis itself; NULL: there is none */
	struct shared_memory memory;
	struct u64_map reported;
	struct tasks tasks;
};

static struct shared_memory memory_of(const struct ring_file *ring)
{
	struct shared_memory memory = {0};
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/maps", (int)process_number(ring->pid));
	FILE *maps = fopen(path, "re");
	if (maps) {
		shared_memory_read(&memory, maps);
		fclose(maps);
	}
	return memory;
}

static void members_free(struct member *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		shared_memory_free(&members[i].memory);
		u64_map_free(&members[i].reported);
		tasks_free(&members[i].tasks);
		deadlock_evidence_free(&members[i].evidence);
	}
	free(members);
}

static void search(struct recording *const *recordings, struct member *members, size_t count,
                   struct finding_list *const *findings)
{
	struct deadlock_process *processes = memory_zeroed(count, sizeof *processes);

	for (size_t i = 0; i < count; i++)
		processes[i] =
		    (struct deadlock_process){.locks = recordings[i]->analysis->locks,
		                              .evidence = members[i].given ? members[i].given : &members[i].evidence,
		                              .memory = &members[i].memory,
		                              .pid = recordings[i]->ring.header.pid,
		                              .findings = findings[i],
		                              .reported = &members[i].reported};
	deadlock_realised_among(processes, count);
	free(processes);
}

/* True if the processes' memory has to be read; nearly always it need not be. */
static bool may_hang(struct recording *const *recordings, size_t count)
{
	bool waits = false, holds = false;

	for (size_t i = 0; i < count; i++)
		waits |= deadlock_may_be_among(recordings[i]->analysis->locks, tasks_old_enough(&recordings[i]->ring),
		                               &holds);
	return waits && holds;
}

static struct member *members_of(struct recording *const *recordings, size_t count)
{
	struct member *members = memory_zeroed(count, sizeof *members);

	for (size_t i = 0; i < count; i++) {
		members[i].evidence =
		    (struct deadlock_evidence){.before = tasks_old_enough(&recordings[i]->ring), .settled = UINT64_MAX};
		members[i].memory = memory_of(&recordings[i]->ring);
		members[i].tasks = tasks_ask(recordings[i], &members[i].evidence);
	}
	return members;
}

static uint64_t state_of_all(struct recording *const *recordings, const struct member *members, size_t count,
                             const struct finding_list *findings)
{
	uint64_t state = 0;

	for (size_t i = 0; i < count; i++)
		state += hang_state(recordings[i]->analysis->locks, &members[i].tasks, &findings[i]);
	return state;
}

static uint64_t search_live(struct recording *const *recordings, size_t count, struct finding_list *findings)
{
	struct finding_list **lists = memory_zeroed(count, sizeof *lists);
	struct member *members = members_of(recordings, count);

	for (size_t i = 0; i < count; i++)
		lists[i] = &findings[i];
	search(recordings, members, count, lists);
	uint64_t state = state_of_all(recordings, members, count, findings);
	members_free(members, count);
	free(lists);
	return state;
}

/* Removes known and unconfirmed deadlocks; true if any are left. */
static bool leave_news(struct hang_among *among, bool confirmed, struct recording *const *recordings, size_t count,
                       struct finding_list *findings)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (confirmed)
			hang_drop_told(&among->told, recordings[i]->ring.header.pid, &findings[i]);
		else
			finding_list_free(&findings[i]);
		any |= findings[i].count > 0;
	}
	return any;
}

bool hang_among_look(struct hang_among *among, struct recording *const *recordings, size_t count, uint64_t now,
                     struct finding_list *findings)
{
	uint64_t state = 0;

	if (now - among->looked < HANG_LOOK_EVERY_NS)
		return false;
	among->looked = now;
	if (may_hang(recordings, count))
		state = search_live(recordings, count, findings);
	bool same = state && state == among->state, confirmed = same && now - among->seen >= HANG_CONFIRM_NS;
	if (!same)
		among->seen = now;
	among->state = state;
	return leave_news(among, confirmed, recordings, count, findings);
}

void hang_among_free(struct hang_among *among) { u64_map_free(&among->told); }

void hang_among_now(struct recording *const *recordings, size_t count)
{
	struct finding_list **lists = memory_zeroed(count, sizeof *lists);
	struct member *members = memory_zeroed(count, sizeof *members);

	for (size_t i = 0; i < count; i++) {
		members[i].given = locks_evidence(recordings[i]->analysis->locks);
		members[i].memory = memory_of(&recordings[i]->ring);
		lists[i] = recordings[i]->analysis->findings;
	}
	search(recordings, members, count, lists);
	for (size_t i = 0; i < count; i++)
		finding_list_sort(lists[i]);
	members_free(members, count);
	free(lists);
}
