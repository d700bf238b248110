/*
 * Reports threads that wait for ever.  Among the threads that wait_search finds stuck, a cycle of waits is reported if
 * one of these holds: all of it is known; its inferred parts are tied to a lock that is really held; or it holds in the
 * strict mode.  If there is no cycle and no thread goes on at all, that is reported instead.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tools/analyse/locks/deadlock_parts.h"
#include "tools/analyse/locks/lock_blocks.h"
#include "tools/analyse/locks/wait_search.h"
#include "tools/base/memory.h"

#define MAX_SHOWN 50u /* threads that are shown of a process in which no thread goes on */

void deadlock_evidence_free(struct deadlock_evidence *evidence) { u64_map_free(&evidence->awake); }

/* ---- cycles ------------------------------------------------------------------------------- */

/* True if the cycle goes through an object that processes share, or if the search does not ask for that. */
static bool is_wanted(const struct wait_search *search, size_t last)
{
	if (!search->shared_only)
		return true;
	for (size_t i = last; i; i = search->steps[i].from)
		if (wait_search_is_shared(search->steps[i].waiter))
			return true;
	return false;
}

/* True if the inferred edges of the cycle are tied to a lock that is held. */
static bool is_tied(const struct wait_search *search, size_t last)
{
	bool inferred = false, held = false;

	for (size_t i = last; i; i = search->steps[i].from) {
		inferred |= search->steps[i].inferred;
		held |= search->steps[i].held != NULL;
	}
	return !inferred || held;
}

static struct finding_object wanted_object(const struct waiter *waiter)
{
	const struct lock_wait *wait = &waiter->thread->wait;
	struct lock *lock = wait->kind == RT_KIND_THREAD ? NULL : wait_search_object(waiter);

	if (lock) /* a live look comes before the end, when all blocks are noted */
		lock_block_note(waiter->home->locks->sources.heap, &lock->result);
	return lock ? deadlock_object(lock) : (struct finding_object){.kind = wait->kind, .address = wait->object};
}

/* The thread waits to write the lock, and the reader before it in the cycle waits behind it. */
static struct finding_edge edge_of_writer(const struct deadlock_process *process, const struct wait_step *step,
                                          struct finding_object lock)
{
	const struct lock_thread *thread = step->waiter->thread;

	return (struct finding_edge){
	    .thread = thread->id,
	    .pid = step->waiter->home == process ? 0 : step->waiter->home->pid,
	    .ahead = true,
	    .held = lock,
	    .wanted = wanted_object(step->waiter),
	    .held_stack = thread->wait.stack,
	    .wanted_stack = thread->wait.stack,
	    .held_since = thread->wait.since,
	    .wanted_at = thread->wait.since,
	};
}

/* The place where the thread last ended such a wait is not stored.  Its creation stack tells which thread it is. */
static struct finding_edge edge_of(const struct deadlock_process *process, const struct wait_search *search,
                                   const struct wait_step *step)
{
	const struct waiter *waiter = step->waiter, *before = search->steps[step->from].waiter;
	const struct lock_thread *thread = waiter->thread;
	const struct held_lock *held = step->held;

	if (step->ahead)
		return edge_of_writer(process, step, wanted_object(before));
	return (struct finding_edge){
	    .thread = thread->id,
	    .pid = waiter->home == process ? 0 : waiter->home->pid,
	    .held = wanted_object(before),
	    .wanted = wanted_object(waiter),
	    .held_shared = held && held->shared,
	    .inferred = step->inferred,
	    .wanted_shared = wait_search_lock(waiter) && thread->wait.flags & RT_SYNC_SHARED,
	    .held_stack = held ? held->stack : thread->start_stack,
	    .wanted_stack = thread->wait.stack,
	    .held_since = held ? held->since : thread->started,
	    .wanted_at = thread->wait.since,
	};
}

static void add_edge(struct finding *finding, const struct deadlock_process *process, const struct wait_search *search,
                     const struct wait_step *step)
{
	struct finding_edge *edge = finding_add_edge(finding);

	*edge = edge_of(process, search, step);
	if (search->steps[step->from].waiter->home == process)
		finding_add_lock(finding, &edge->held);
	else
		edge->held.created_stack = RT_STACK_NONE;
	if (step->waiter->home == process)
		finding_add_thread(finding, edge->thread);
	else
		edge->wanted.created_stack = RT_STACK_NONE;
}

static void mark_reported(const struct finding *finding, struct u64_map *reported)
{
	uint64_t *pairs = memory_zeroed(finding->edge_count, sizeof *pairs);

	size_t count = 0;

	/* As predictions count: a writer that waits ahead is no pair of stacks. */
	for (size_t i = 0; i < finding->edge_count; i++)
		if (!finding->edges[i].ahead)
			pairs[count++] = (uint64_t)finding->edges[i].held_stack << 32 | finding->edges[i].wanted_stack;
	u64_map_put(reported, deadlock_signature(pairs, count), 1);
	free(pairs);
}

static bool is_of_many(const struct finding *finding)
{
	for (size_t i = 0; i < finding->edge_count; i++)
		if (finding->edges[i].pid)
			return true;
	return false;
}

static bool has_writer_ahead(const struct finding *finding)
{
	for (size_t i = 0; i < finding->edge_count; i++)
		if (finding->edges[i].ahead)
			return true;
	return false;
}

static bool is_owned(const struct finding_object *object)
{
	return object->kind == RT_KIND_MUTEX || object->kind == RT_KIND_RWLOCK || object->kind == RT_KIND_SPIN;
}

/* True if threads that take the locks of the cycle in one order cannot come to this. */
static bool is_of_order(const struct finding *finding)
{
	for (size_t i = 0; i < finding->edge_count; i++)
		if (!is_owned(&finding->edges[i].held) || !is_owned(&finding->edges[i].wanted))
			return false;
	return !has_writer_ahead(finding);
}

static void describe_cycle(struct finding *finding, bool inferred)
{
	const char *many = is_of_many(finding) ? " of different processes" : "";
	const char *conclusion = has_writer_ahead(finding)
	                             ? ": a reader waits behind a writer, which goes first at this lock"
	                         : inferred             ? ", as far as past signals and posts tell"
	                         : is_of_order(finding) ? "; take the locks in one order" FINDING_ORDER
	                                                : "";

	if (finding->edge_count == 1)
		finding_message(finding, "a thread waits for ever for %s",
		                finding->edges[0].wanted.kind == RT_KIND_THREAD ? "itself"
		                                                                : "a lock that it holds itself");
	else if (finding->edge_count == 2)
		finding_message(finding, "two threads%s wait for each other for ever%s", many, conclusion);
	else
		finding_message(finding, "%zu threads%s wait for each other for ever, in a ring%s", finding->edge_count,
		                many, conclusion);
}

static void report_cycle_to(const struct deadlock_process *process, const struct wait_search *search, size_t last,
                            struct finding_list *findings)
{
	struct finding *finding = finding_add(findings, FINDING_DEADLOCK_REALISED);
	bool inferred = false;

	for (size_t i = last; i; i = search->steps[i].from) {
		add_edge(finding, process, search, &search->steps[i]);
		inferred |= search->steps[i].inferred;
	}
	/* The cycle was walked backwards: reverse it, so that the lock that an edge wants is the lock that the next
	 * edge holds. */
	for (size_t i = 0, j = finding->edge_count - 1; i < j; i++, j--) {
		struct finding_edge swap = finding->edges[i];

		finding->edges[i] = finding->edges[j];
		finding->edges[j] = swap;
	}
	describe_cycle(finding, inferred);
	mark_reported(finding, process->reported);
}

/* True if a thread of the cycle is in a cycle that was reported: both are the same hang. */
static bool is_reported(const struct wait_search *search, size_t last)
{
	for (size_t i = last; i; i = search->steps[i].from)
		if (search->steps[i].waiter->in_cycle)
			return true;
	return false;
}

/* Reports the whole cycle to each process that takes part in it.  Of one hang only the first cycle is a finding; the
 * others are noted as reported, so that they are not predicted. */
static void report_cycle(const struct wait_search *search, size_t last)
{
	bool reported = is_reported(search, last);
	struct finding_list aside = {0};

	for (size_t p = 0; p < search->process_count; p++) {
		bool has_part = false;

		for (size_t i = last; i; i = search->steps[i].from)
			has_part |= search->steps[i].waiter->home == &search->processes[p];
		if (has_part)
			report_cycle_to(&search->processes[p], search, last,
			                reported ? &aside : search->processes[p].findings);
	}
	finding_list_free(&aside);
	for (size_t i = last; i; i = search->steps[i].from)
		search->steps[i].waiter->in_cycle = true;
}

/* True if there was a cycle. */
static bool report_cycles(struct wait_search *search, bool all)
{
	bool any = false;

	for (size_t i = 0; i < search->waiter_count; i++) {
		struct waiter *waiter = &search->waiters[i];
		size_t last = waiter->stuck && !waiter->in_cycle ? wait_search_back(search, waiter) : 0;

		if (!last || !(all || is_tied(search, last)) || !is_wanted(search, last))
			continue;
		report_cycle(search, last);
		any = true;
	}
	return any;
}

/* ---- no thread goes on ------------------------------------------------------------------------ */

static void add_sleeper(struct finding *finding, const struct waiter *waiter)
{
	const struct lock_thread *thread = waiter->thread;
	struct finding_object object = wanted_object(waiter);
	char label[96];

	snprintf(label, sizeof label,
	         lock_wait_is_to_leave(&thread->wait) ? "waits for the threads in a destroyed %s here"
	                                              : "waits for a %s here",
	         event_kind_name(thread->wait.kind));
	finding_add_stack(finding, label, thread->id, thread->wait.since, thread->wait.stack);
	finding_add_thread(finding, thread->id);
	if (object.kind != RT_KIND_THREAD)
		finding_add_lock(finding, &object);
}

static void report_all_asleep(const struct wait_search *search, struct finding_list *findings)
{
	struct finding *finding = finding_add(findings, FINDING_DEADLOCK_REALISED);
	size_t count = 0;

	for (size_t i = 0; i < search->waiter_count; i++)
		if (search->waiters[i].stuck && count++ < MAX_SHOWN)
			add_sleeper(finding, &search->waiters[i]);
	if (count == 1)
		finding_message(finding, "the only thread is blocked and nothing can wake it");
	else
		finding_message(finding, "all threads are blocked and nothing can wake them");
}

/* The thread that ended and still holds what this one waits for; NULL: none. */
static const struct lock_thread *dead_owner(const struct waiter *waiter)
{
	const struct lock *lock = waiter->stuck && !waiter->in_cycle ? wait_search_lock(waiter) : NULL;
	const struct lock_thread *owner =
	    lock ? lock_threads_find(&waiter->home->locks->threads, lock->result.owner) : NULL;

	return owner && owner->ended ? owner : NULL;
}

/* The waiter and all further threads that wait for the same lock. */
static void report_orphans_of(const struct wait_search *search, size_t first, const struct lock_thread *owner,
                              struct finding_list *findings)
{
	const struct lock *lock = wait_search_lock(&search->waiters[first]);
	const struct held_lock *held = wait_search_holds(owner, lock);
	struct finding *finding = finding_add(findings, FINDING_DEADLOCK_REALISED);
	size_t count = 0;

	for (size_t i = first; i < search->waiter_count; i++) {
		struct waiter *waiter = &search->waiters[i];

		if (!dead_owner(waiter) || wait_search_lock(waiter) != lock)
			continue;
		waiter->in_cycle = true;
		if (count++ < MAX_SHOWN)
			add_sleeper(finding, waiter);
	}
	finding_add_stack(finding, "locked here, by a thread that has ended", owner->id, held->since, held->stack);
	if (count == 1)
		finding_message(finding, "a thread waits for ever for a lock whose owner has ended");
	else
		finding_message(finding, "threads wait for ever for a lock whose owner has ended");
}

/* Threads that wait for a lock of a thread that has ended.  True if there was one. */
static bool report_orphans(const struct wait_search *search, struct finding_list *findings)
{
	bool any = false;

	for (size_t i = 0; i < search->waiter_count; i++) {
		const struct lock_thread *owner = dead_owner(&search->waiters[i]);

		if (!owner)
			continue;
		report_orphans_of(search, i, owner, findings);
		any = true;
	}
	return any;
}

/* ---- locks that were held at the fork --------------------------------------------------------- */

static const struct inherited_lock *inherited_of(const struct waiter *waiter)
{
	const struct lock *lock = waiter->stuck && !waiter->in_cycle ? wait_search_lock(waiter) : NULL;

	return lock && !lock->result.owner ? fork_locks_block(waiter->home->locks, waiter->thread, lock) : NULL;
}

static void add_parents_stacks(struct finding *finding, const struct fork_locks *fork,
                               const struct inherited_lock *inherited)
{
	struct finding_stack *locked, *forked;

	/* The names in these stacks are not known to the child: they are no part of the finding's id. */
	locked = finding_add_stack(finding, "locked here before the fork", inherited->thread, inherited->since,
	                           inherited->stack);
	locked->pid = fork->parent;
	locked->key = STACK_ASIDE;
	forked = finding_add_stack(finding, "forked here", fork->thread, fork->begun, fork->stack);
	forked->pid = fork->parent;
	forked->key = STACK_ASIDE;
}

static void report_inherited_of(const struct wait_search *search, size_t first, const struct inherited_lock *inherited,
                                struct finding_list *findings)
{
	struct finding *finding = finding_add(findings, FINDING_DEADLOCK_REALISED);
	size_t count = 0;

	for (size_t i = first; i < search->waiter_count; i++) {
		struct waiter *waiter = &search->waiters[i];

		if (inherited_of(waiter) != inherited)
			continue;
		waiter->in_cycle = true;
		if (count++ < MAX_SHOWN)
			add_sleeper(finding, waiter);
	}
	add_parents_stacks(finding, &search->waiters[first].home->locks->inherited, inherited);
	if (inherited->by_forker)
		finding_message(finding, "a forked process waits for ever for a lock that its own thread holds since "
		                         "before the fork");
	else
		finding_message(finding, "a forked process waits for ever for a lock that another thread of its parent "
		                         "held at the fork");
}

/* Threads that wait for a lock of a thread that was left behind in the parent.  True if there was one. */
static bool report_inherited(const struct wait_search *search, struct finding_list *findings)
{
	bool any = false;

	for (size_t i = 0; i < search->waiter_count; i++) {
		const struct inherited_lock *inherited = inherited_of(&search->waiters[i]);

		if (!inherited)
			continue;
		report_inherited_of(search, i, inherited, findings);
		any = true;
	}
	return any;
}

/* ---- the whole -------------------------------------------------------------------------------- */

void deadlock_realised(const struct lock_analysis *locks, const struct deadlock_evidence *evidence,
                       struct finding_list *findings, struct u64_map *reported)
{
	struct deadlock_process process = {
	    .locks = locks, .evidence = evidence, .findings = findings, .reported = reported};
	struct wait_search search;
	bool any, asleep;

	wait_search_init(&search, &process, 1);
	wait_search_find_stuck(&search, true);
	any = report_cycles(&search, false);
	if (!evidence->exited) {
		any |= report_orphans(&search, findings);
		any |= report_inherited(&search, findings);
	}
	wait_search_find_stuck(&search, false);
	asleep = !search.going_on && !evidence->strangers && !evidence->exited;
	if (asleep && search.waiter_count) {
		any |= report_cycles(&search, true);
		search.anybody = true;
		any |= report_cycles(&search, false);
		if (!any)
			report_all_asleep(&search, findings);
	}
	wait_search_free(&search);
}

void deadlock_realised_among(const struct deadlock_process *processes, size_t count)
{
	struct wait_search search;

	wait_search_init(&search, processes, count);
	search.shared_only = true;
	wait_search_find_stuck(&search, true);
	report_cycles(&search, false);
	wait_search_free(&search);
}

bool deadlock_may_be_among(const struct lock_analysis *locks, uint64_t before, bool *holds_something)
{
	bool waits = false;

	for (size_t i = 0; i < locks->threads.count; i++) {
		const struct lock_thread *thread = locks->threads.items[i];

		if (thread->ended || !thread->wait.active || thread->wait.since > before)
			continue;
		waits |= (thread->wait.flags & (RT_SYNC_PSHARED | RT_SYNC_TIMED)) == RT_SYNC_PSHARED;
		*holds_something |= thread->count > 0;
	}
	return waits;
}

uint32_t deadlock_waits_for(const struct lock_analysis *locks, const struct lock_thread *thread)
{
	const struct lock *lock;

	if (!thread->wait.active)
		return 0;
	if (thread->wait.kind == RT_KIND_THREAD)
		return thread->wait.target;
	lock = lock_table_find(&locks->table, thread->wait.object, thread->wait.kind);
	return lock ? lock->result.owner : 0;
}

/* ---- one hang, one finding ----------------------------------------------------------- */

static size_t wait_count(const struct finding *finding) { return finding->edge_count + finding->stack_count; }

uint64_t deadlock_wait_key(uint32_t thread, uint64_t since) { return u64_mix(thread + u64_mix(since)); }

static uint64_t wait_of(const struct finding *finding, size_t i)
{
	const struct finding_stack *stack;

	if (i < finding->edge_count)
		return deadlock_wait_key(finding->edges[i].thread, finding->edges[i].wanted_at);
	stack = &finding->stacks[i - finding->edge_count];
	return deadlock_wait_key(stack->thread, stack->stamp);
}

uint64_t deadlock_fingerprint(const struct finding *finding)
{
	uint64_t fingerprint = finding->edge_count + 1;

	for (size_t i = 0; i < wait_count(finding); i++)
		fingerprint += wait_of(finding, i);
	return fingerprint;
}

bool deadlock_note_waits(struct u64_map *waits, uint64_t salt, const struct finding *finding)
{
	bool known = false;

	for (size_t i = 0; i < wait_count(finding); i++) {
		uint64_t wait = wait_of(finding, i) + salt;

		known |= u64_map_get(waits, wait) != 0;
		u64_map_put(waits, wait, 1);
	}
	return known;
}

void deadlock_keep(struct lock_analysis *locks, struct finding finding) { finding_move(&locks->kept, &finding); }

/* Moves the findings to `to`, those of hangs that are in `waits` aside. */
static void move_new_hangs(struct finding_list *to, struct finding_list *from, struct u64_map *waits)
{
	for (size_t i = 0; i < from->count; i++)
		if (!deadlock_note_waits(waits, 0, &from->items[i]))
			finding_move(to, &from->items[i]);
}

/* What was confirmed while the process hung comes first: at the end, the same hang may have more threads or look
 * otherwise. */
void deadlock_realised_and_kept(struct lock_analysis *locks, struct finding_list *findings, struct u64_map *reported,
                                struct u64_map *waits)
{
	struct finding_list at_end = {0};

	deadlock_realised(locks, &locks->evidence, &at_end, reported);
	for (size_t i = 0; i < locks->kept.count; i++)
		mark_reported(&locks->kept.items[i], reported);
	move_new_hangs(findings, &locks->kept, waits);
	move_new_hangs(findings, &at_end, waits);
	finding_list_free(&at_end);
}
