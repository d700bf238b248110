#include "tools/live/notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/analyse/locks/fork_locks.h"
#include "tools/analyse/threads/threads.h"
#include "tools/base/memory.h"
#include "tools/render/render.h"
#include "tools/store/store.h"
#include "tools/suppress/suppress.h"

struct part { /* the findings of one process */
	struct ring_file *ring;
	struct thread_analysis *threads;
	struct finding_list findings;
	uint32_t *stacks; /* that findings of other parts name */
	size_t stack_count;
};

struct notice {
	struct part *parts;
	size_t count, room;
};

static void *copy_of(const void *items, size_t count, size_t size)
{
	void *copy = memory_zeroed(count, size);

	if (count)
		memcpy(copy, items, count * size);
	return copy;
}

static void add_copy(struct finding_list *list, const struct finding *finding)
{
	struct finding copy = *finding;

	copy.stacks = copy_of(finding->stacks, finding->stack_count, sizeof *finding->stacks);
	copy.objects = copy_of(finding->objects, finding->object_count, sizeof *finding->objects);
	copy.edges = copy_of(finding->edges, finding->edge_count, sizeof *finding->edges);
	copy.threads = copy_of(finding->threads, finding->thread_count, sizeof *finding->threads);
	finding_move(list, &copy);
}

struct notice *notice_new(void) { return memory_zeroed(1, sizeof(struct notice)); }

void notice_add(struct notice *notice, const struct recording *recording, const struct finding *findings, size_t count)
{
	struct part *part;

	GROW(notice->parts, notice->room, notice->count + 1);
	part = &notice->parts[notice->count++];
	*part = (struct part){.ring = (struct ring_file *)&recording->ring,
	                      .threads = threads_copy(recording->analysis->threads)};
	for (size_t i = 0; i < count; i++)
		add_copy(&part->findings, &findings[i]);
}

void notice_add_stacks(struct notice *notice, const struct recording *recording)
{
	size_t count;
	const uint32_t *stacks = locks_fork_stacks(recording->analysis->locks, &count);

	notice_add(notice, recording, NULL, 0);
	notice->parts[notice->count - 1].stacks = copy_of(stacks, count, sizeof *stacks);
	notice->parts[notice->count - 1].stack_count = count;
}

static bool print(struct notice *notice, struct store *store, FILE *out, struct error *err)
{
	struct report report = {.query = {.db = store->db, .directory = "", .only = KIND_NAME_DEADLOCK, .err = err},
	                        .out = out,
	                        .parts = PART_FINDINGS,
	                        .color = isatty(STDERR_FILENO) && !getenv("NO_COLOR"),
	                        .width = 80};
	struct suppress none = {0};
	bool good = true;

	for (size_t i = 0; good && i < notice->count; i++)
		good = store_notice(store, notice->parts[i].ring, notice->parts[i].threads, &notice->parts[i].findings,
		                    notice->parts[i].stacks, notice->parts[i].stack_count, err);
	/* No rule suppresses a deadlock that hangs now.  But the queries of reports need the view that this makes. */
	good = good && suppress_apply(&none, store->db, err) && render_findings(&report, 1);

	query_close(&report.query);
	return good;
}

/* Prints in one write, so that the notice does not mix with the program's output. */
static void print_at_once(struct notice *notice, struct store *store)
{
	struct error err;
	char *text = NULL;
	size_t size = 0, hanging = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	for (size_t i = 0; i < notice->count; i++)
		if (notice->parts[i].findings.count)
			fprintf(out, "%s%s (pid %u)", hanging++ ? " and " : "ringtail: deadlock in ",
			        notice->parts[i].ring->header.exe, notice->parts[i].ring->header.pid);
	fprintf(out, ", which %s:\n", hanging > 1 ? "hang" : "hangs");
	bool good = print(notice, store, out, &err);
	fclose(out);
	fwrite(text, 1, size, stderr);
	if (!good)
		error_print(&err);
	free(text);
}

void notice_print(struct notice *notice)
{
	struct store store;
	struct error err;

	if (store_open_memory(&store, &err)) {
		print_at_once(notice, &store);
		store_close(&store);
	} else {
		error_print(&err);
	}
	for (size_t i = 0; i < notice->count; i++) {
		threads_free(notice->parts[i].threads);
		finding_list_free(&notice->parts[i].findings);
		free(notice->parts[i].stacks);
	}
	free(notice->parts);
	free(notice);
}
