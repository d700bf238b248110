/* The processes of a run as a tree: which process started which, how each ended, and the totals of all. */
#include "tools/render/text/text.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/u64_map.h"
#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/render/text/page.h"

#define INDENT_MOST 20u /* levels; deeper processes are shown at this one */
#define NAME_WIDTH  28u
#define ALIKE       3u /* from so many children on that have the same name and end, they share a line */
#define FOLDS_FROM                                                                                                     \
	20 /* in a tree of so many images, a process shares its line with all that it started, if nothing              \
	     was found in any of them */

struct node {                                            /* a process image */
	int64_t pid, allocations, peak, findings, below; /* below: images that it and its children started */
	char *name;
	char ending[64];
	bool quiet;                                   /* it and all below ended well, and nothing was found in them */
	bool printed;                                 /* on the line of an earlier one */
	size_t parent, first_child, last_child, next; /* index + 1; 0: none */
};

struct tree {
	struct report *report;
	struct node *nodes; /* in the order in which they started; [0] is the root of the tree, and no process */
	size_t count, room;
};

static const char nodes_sql[] =
    "SELECT p.id, p.pid, p.image, p.parent, p.exe, p.end_how, p.end_signal, p.end_status,"
    " coalesce(h.allocations, 0), coalesce(h.peak_bytes, 0), p.pid_namespace, p.events_lost"
    " FROM process p LEFT JOIN heap h ON h.process = p.id ORDER BY p.started_ns, p.pid, p.image";

/* ---- making it ----------------------------------------------------------------------------------- */

static struct node node_of_row(struct tree *tree, sqlite3_stmt *row)
{
	struct process process = {.id = sqlite3_column_int64(row, 0),
	                          .end_how = query_text(row, 5),
	                          .end_signal = query_text_or_null(row, 6),
	                          .end_status = sqlite3_column_int(row, 7)};
	const char *exe = query_text_or_null(row, 4);
	struct node node = {.pid = sqlite3_column_int64(row, 1),
	                    .allocations = sqlite3_column_int64(row, 8),
	                    .peak = sqlite3_column_int64(row, 9),
	                    .findings = text_findings_shown(tree->report, &process),
	                    .name = strdup(exe ? base_name(exe) : "?")};

	text_ending(&process, node.ending, sizeof node.ending);
	node.quiet = !node.findings && !sqlite3_column_int64(row, 11) &&
	             (!strcmp(process.end_how, "exec") || (!strcmp(process.end_how, "exit") && !process.end_status));
	return node;
}

static void hang(struct tree *tree, size_t parent, size_t child)
{
	struct node *above = &tree->nodes[parent];

	tree->nodes[child].parent = parent;
	if (above->last_child)
		tree->nodes[above->last_child].next = child;
	else
		above->first_child = child;
	above->last_child = child;
}

/* A pid is unique only within its PID namespace. */
static uint64_t key_of(sqlite3_stmt *row, int64_t pid)
{
	return (uint64_t)sqlite3_column_int64(row, 10) << 32 | (uint32_t)pid;
}

/* A pid may be reused: the latest process so far that had it is the parent.  An image that was entered by exec stands
 * beside the image before it. */
static void add_node(struct tree *tree, struct u64_map *by_pid, sqlite3_stmt *row)
{
	struct node node = node_of_row(tree, row);
	uint64_t own = key_of(row, node.pid), before = sqlite3_column_int64(row, 2) ? u64_map_get(by_pid, own) : 0;
	size_t parent =
	    before ? tree->nodes[before].parent : u64_map_get(by_pid, key_of(row, sqlite3_column_int64(row, 3)));

	GROW(tree->nodes, tree->room, tree->count + 1);
	tree->nodes[tree->count] = node;
	u64_map_put(by_pid, own, tree->count);
	hang(tree, parent, tree->count++);
}

/* A process stands behind its parent in the list. */
static void sum_up(struct tree *tree)
{
	for (size_t i = tree->count; i-- > 1;) {
		struct node *node = &tree->nodes[i], *above = &tree->nodes[node->parent];

		above->below += node->below + 1;
		above->quiet = above->quiet && node->quiet;
	}
}

static void make_tree(struct tree *tree)
{
	sqlite3_stmt *rows = query_rows(&tree->report->query, nodes_sql, 0);
	struct u64_map by_pid = {0};

	GROW(tree->nodes, tree->room, 1);
	tree->nodes[tree->count++] = (struct node){0};
	while (query_next(&tree->report->query, rows))
		add_node(tree, &by_pid, rows);
	sqlite3_finalize(rows);
	u64_map_free(&by_pid);
	sum_up(tree);
}

/* ---- printing it ----------------------------------------------------------------------------------- */

static bool are_alike(const struct node *a, const struct node *b)
{
	return !a->first_child && !b->first_child && !a->findings && !b->findings && !b->printed &&
	       !strcmp(a->name, b->name) && !strcmp(a->ending, b->ending);
}

/* The number of siblings from here on that have the same name and end, and no findings. */
static size_t count_alike(const struct tree *tree, size_t from)
{
	size_t count = 0;

	for (size_t i = from; i; i = tree->nodes[i].next)
		count += are_alike(&tree->nodes[from], &tree->nodes[i]);
	return count;
}

/* below: how many images share the line, which it started. */
static void print_line(struct tree *tree, unsigned depth, const char *number, const struct node *node, int64_t below)
{
	struct report *report = tree->report;
	unsigned indent = 2 * (depth < INDENT_MOST ? depth : INDENT_MOST);
	unsigned used = indent + (unsigned)strlen(node->name);

	page_print(report, "  %*s%-8s", (int)indent, "", number);
	page_text(report, node->name);
	page_print(report, "%*s  %s; %s allocations, peak %s", used < NAME_WIDTH ? (int)(NAME_WIDTH - used) : 0, "",
	           node->ending, human_count((uint64_t)node->allocations).text, human_bytes((uint64_t)node->peak).text);
	if (below)
		page_print(report, "; with %s that it started", human_count((uint64_t)below).text);
	if (node->findings)
		page_paint(report, PAINT_BAD, "; %s %s", human_count((uint64_t)node->findings).text,
		           plural((uint64_t)node->findings, "finding", "findings"));
	page_print(report, "\n");
}

static void add_to(struct node *sum, const struct node *node)
{
	sum->allocations += node->allocations;
	if (node->peak > sum->peak)
		sum->peak = node->peak;
}

/* Prints one line for all of them. */
static void print_alike(struct tree *tree, unsigned depth, size_t from, size_t count)
{
	struct node *first = &tree->nodes[from], sum = *first;
	char number[40];

	for (size_t i = first->next; i; i = tree->nodes[i].next) {
		struct node *node = &tree->nodes[i];

		if (!are_alike(first, node))
			continue;
		node->printed = true;
		add_to(&sum, node);
	}
	snprintf(number, sizeof number, "%zu x", count);
	print_line(tree, depth, number, &sum, 0);
}

static void add_below(const struct tree *tree, size_t parent, struct node *sum)
{
	for (size_t i = tree->nodes[parent].first_child; i; i = tree->nodes[i].next) {
		add_to(sum, &tree->nodes[i]);
		add_below(tree, i, sum);
	}
}

static void print_folded(struct tree *tree, unsigned depth, const char *number, size_t index)
{
	struct node sum = tree->nodes[index];

	add_below(tree, index, &sum);
	print_line(tree, depth, number, &sum, sum.below);
}

static bool folds(const struct tree *tree, const struct node *node, unsigned depth)
{
	return tree->report->limit && depth && tree->count > FOLDS_FROM && node->quiet && node->below;
}

static void print_children(struct tree *tree, size_t parent, unsigned depth)
{
	for (size_t i = tree->nodes[parent].first_child; i; i = tree->nodes[i].next) {
		const struct node *node = &tree->nodes[i];
		size_t alike = node->printed ? 0 : count_alike(tree, i);
		char number[24];

		if (node->printed)
			continue;
		snprintf(number, sizeof number, "%lld", (long long)node->pid);
		if (alike >= ALIKE) {
			print_alike(tree, depth, i, alike);
		} else if (folds(tree, node, depth)) {
			print_folded(tree, depth, number, i);
		} else {
			print_line(tree, depth, number, node, 0);
			print_children(tree, i, depth + 1);
		}
	}
}

static void print_total(struct report *report)
{
	static const char sql[] =
	    "SELECT count(DISTINCT pid), count(*), sum(events_recorded), sum(events_lost),"
	    " (SELECT coalesce(sum(allocations), 0) FROM heap WHERE process IN (SELECT id FROM process)),"
	    " (SELECT coalesce(sum(allocated_bytes), 0) FROM heap WHERE process IN (SELECT id FROM process))"
	    " FROM process";
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);

	if (query_next(&report->query, row)) {
		uint64_t processes = (uint64_t)sqlite3_column_int64(row, 0),
		         images = (uint64_t)sqlite3_column_int64(row, 1), lost = (uint64_t)sqlite3_column_int64(row, 3);
		struct label programs = human_count(images);

		page_field(report, "in all", "%s processes%s%s%s; %s events, %s lost; %s allocations of %s",
		           human_count(processes).text, images > processes ? ", " : "",
		           images > processes ? programs.text : "", images > processes ? " images" : "",
		           human_count((uint64_t)sqlite3_column_int64(row, 2)).text,
		           lost ? human_count(lost).text : "none",
		           human_count((uint64_t)sqlite3_column_int64(row, 4)).text,
		           human_bytes((uint64_t)sqlite3_column_int64(row, 5)).text);
	}
	sqlite3_finalize(row);
}

void text_tree(struct report *report)
{
	struct tree tree = {.report = report};

	page_heading(report, "processes");
	make_tree(&tree);
	print_children(&tree, 0, 0);
	print_total(report);
	for (size_t i = 1; i < tree.count; i++)
		free(tree.nodes[i].name);
	free(tree.nodes);
}
