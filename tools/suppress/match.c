/*
 * Findings share most of their frames.  So each frame is compared with the rules once, and each place in the code gets
 * the list of the rules that match it.  Walking a finding's stacks then compares no text.
 */
#include "tools/suppress/match.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/u64_map.h"
#include "tools/base/memory.h"
#include "tools/query/stack_tree.h"
#include "tools/symbolize/names.h"

/* A place in the code; many stacks lead through it. */
struct place {
	size_t hits;     /* index of the first, 0: none */
	bool in_runtime; /* in the C, C++ or Rust runtime, which acts for its caller */
};

struct hit {               /* a rule that matches a place */
	size_t rule, next; /* next: 0 is none */
};

/* One process at a time. */
struct matcher {
	struct rules *rules;
	sqlite3 *db;
	int64_t process;
	const char *exe;
	struct u64_map place_of; /* by pc: an index; index 0 is unused */
	struct place *places;
	size_t place_count, place_room;
	struct hit *hits;
	size_t hit_count, hit_room;
	struct stack_tree stacks;
	struct current {         /* the finding at hand */
		int64_t ordinal; /* 0: none yet */
		uint64_t number; /* over all processes, from 1 */
		size_t first;    /* index of the first rule that matches; the number of rules: none */
		const char *kind, *class;
	} current;
	uint64_t *counted; /* by rule: number of the last finding that was counted */
	sqlite3_stmt *insert;
};

static const char *text_of(sqlite3_stmt *row, int column) { return (const char *)sqlite3_column_text(row, column); }

/* Calls take for each row of a query.  Its parameter, if it has one, is the process. */
static bool each_row(struct matcher *matcher, const char *sql, void (*take)(struct matcher *, sqlite3_stmt *))
{
	sqlite3_stmt *row = NULL;
	int result = sqlite3_prepare_v2(matcher->db, sql, -1, &row, NULL);

	if (result == SQLITE_OK && sqlite3_bind_parameter_count(row))
		sqlite3_bind_int64(row, 1, matcher->process);
	while (result == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
		take(matcher, row);
	return sqlite3_finalize(row) == SQLITE_OK && result == SQLITE_OK;
}

/* ---- places and stacks ------------------------------------------------------------------------ */

static size_t place_at(struct matcher *matcher, int64_t pc)
{
	size_t index = u64_map_get(&matcher->place_of, (uint64_t)pc);

	if (index)
		return index;
	index = matcher->place_count++;
	GROW(matcher->places, matcher->place_room, matcher->place_count);
	matcher->places[index] = (struct place){.in_runtime = true};
	u64_map_put(&matcher->place_of, (uint64_t)pc, index);
	return index;
}

static bool matches_frame(const struct rule *rule, const char *function, const char *file, const char *module)
{
	if (rule_matches_path(rule, module))
		return true;
	return !rule->caller &&
	       ((function && pattern_matches(rule->pattern, function)) || rule_matches_path(rule, file));
}

/* Row: pc, function, file, module of one frame.  Each call that was inlined at a place has a row. */
static void take_frame(struct matcher *matcher, sqlite3_stmt *row)
{
	const char *function = text_of(row, 1), *file = text_of(row, 2), *module = text_of(row, 3);
	size_t index = place_at(matcher, sqlite3_column_int64(row, 0)); /* first, because this may move the array */
	struct place *place = &matcher->places[index];

	place->in_runtime = place->in_runtime && name_is_runtime(module, function, file);
	for (size_t i = 0; i < matcher->rules->count; i++) {
		if (!matches_frame(&matcher->rules->items[i], function, file, module))
			continue;
		GROW(matcher->hits, matcher->hit_room, matcher->hit_count + 1);
		matcher->hits[matcher->hit_count] = (struct hit){.rule = i, .next = place->hits};
		place->hits = matcher->hit_count++;
	}
}

/* ---- findings ---------------------------------------------------------------------------------- */

static void note_match(struct matcher *matcher, size_t index)
{
	struct rule *rule = &matcher->rules->items[index];
	struct current *current = &matcher->current;

	if (matcher->counted[index] == current->number ||
	    !rule_is_for(rule, current->kind, current->class, matcher->exe))
		return;
	matcher->counted[index] = current->number;
	rule->findings++;
	if (index < current->first)
		current->first = index;
}

static void match_stack(struct matcher *matcher, int64_t stack)
{
	bool by_runtime = true; /* true while all places so far are in the runtime */
	uint32_t at = stack_tree_find(&matcher->stacks, stack);

	/* The limit is for a hostile database, in which callers may form a cycle. */
	for (unsigned depth = 0; depth < RT_DEPTH_MOST && at != NO_STACK; depth++) {
		const struct stack_node *node = &matcher->stacks.nodes[at];
		const struct place *place = &matcher->places[u64_map_get(&matcher->place_of, (uint64_t)node->pc)];
		bool is_caller = by_runtime && !place->in_runtime;

		for (size_t hit = place->hits; hit; hit = matcher->hits[hit].next)
			if (!matcher->rules->items[matcher->hits[hit].rule].caller || is_caller)
				note_match(matcher, matcher->hits[hit].rule);
		by_runtime = by_runtime && place->in_runtime;
		at = node->caller;
	}
}

/* Stores the rule that matched the current finding, if one did. */
static void end_finding(struct matcher *matcher)
{
	if (!matcher->current.ordinal || matcher->current.first == matcher->rules->count)
		return;
	const struct rule *rule = &matcher->rules->items[matcher->current.first];
	sqlite3_bind_int64(matcher->insert, 1, matcher->process);
	sqlite3_bind_int64(matcher->insert, 2, matcher->current.ordinal);
	sqlite3_bind_text(matcher->insert, 3, sqlite3_mprintf("%s:%u: %s", rule->file, rule->line, rule->text), -1,
	                  sqlite3_free);
	sqlite3_step(matcher->insert);
	sqlite3_reset(matcher->insert);
}

static void begin_finding(struct matcher *matcher, int64_t ordinal)
{
	end_finding(matcher);
	matcher->current.ordinal = ordinal;
	matcher->current.number++;
	matcher->current.first = matcher->rules->count;
}

/* Row: ordinal, kind, class, stack.  A finding has a row for each stack, or one row with NULL. */
static void take_finding(struct matcher *matcher, sqlite3_stmt *row)
{
	int64_t ordinal = sqlite3_column_int64(row, 0);

	if (ordinal != matcher->current.ordinal)
		begin_finding(matcher, ordinal);
	matcher->current.kind = text_of(row, 1);
	matcher->current.class = text_of(row, 2);
	match_stack(matcher, sqlite3_column_int64(row, 3));
	for (size_t i = 0; i < matcher->rules->count; i++)
		if (!matcher->rules->items[i].pattern[strspn(matcher->rules->items[i].pattern, "*")])
			note_match(matcher, i);
}

/* ---- processes ----------------------------------------------------------------------------------- */

static void forget(struct matcher *matcher)
{
	u64_map_free(&matcher->place_of);
	stack_tree_free(&matcher->stacks);
	matcher->place_of = (struct u64_map){0};
	matcher->place_count = matcher->hit_count = 1;
	matcher->current.ordinal = 0;
}

static bool match_process(struct matcher *matcher)
{
	static const char frames[] = "SELECT f.pc, f.function, f.file, m.path FROM frame f"
	                             " LEFT JOIN module m ON m.process = f.process AND m.id = f.module"
	                             " WHERE f.process = ?";
	/* The stacks of a finding that reports show. */
	static const char findings[] =
	    "SELECT f.ordinal, f.kind, f.class, s.stack FROM main.finding f LEFT JOIN ("
	    " SELECT finding, stack FROM finding_stack WHERE process = ?1 AND pid IS NULL"
	    " UNION ALL SELECT finding, held_stack FROM finding_edge WHERE process = ?1 AND pid IS NULL"
	    " UNION ALL SELECT finding, wanted_stack FROM finding_edge WHERE process = ?1 AND pid IS NULL) s ON "
	    "s.finding = "
	    "f.ordinal"
	    " WHERE f.process = ?1 ORDER BY f.ordinal";

	struct error ignored; /* the connection has the error, too */
	struct query query = {.db = matcher->db, .err = &ignored};

	forget(matcher);
	bool good = each_row(matcher, frames, take_frame) &&
	            stack_tree_load(&matcher->stacks, &query, matcher->process) &&
	            each_row(matcher, findings, take_finding);
	end_finding(matcher);
	return good;
}

static bool match_processes(struct matcher *matcher)
{
	sqlite3_stmt *row = NULL;
	bool good = sqlite3_prepare_v2(matcher->db, "SELECT id, exe FROM process", -1, &row, NULL) == SQLITE_OK;

	while (good && sqlite3_step(row) == SQLITE_ROW) {
		matcher->process = sqlite3_column_int64(row, 0);
		matcher->exe = text_of(row, 1);
		good = match_process(matcher);
	}
	return sqlite3_finalize(row) == SQLITE_OK && good;
}

bool match_rules(struct rules *rules, sqlite3 *db)
{
	struct matcher matcher = {.rules = rules, .db = db};
	bool good = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO temp.suppressed VALUES (?, ?, ?)", -1,
	                               &matcher.insert, NULL) == SQLITE_OK;

	/* Index 0 of each is unused. */
	matcher.places = memory_zeroed(matcher.place_room = 1, sizeof(*matcher.places));
	matcher.hits = memory_zeroed(matcher.hit_room = 1, sizeof(*matcher.hits));
	matcher.counted = memory_zeroed(rules->count, sizeof(*matcher.counted));
	good = good && match_processes(&matcher);
	forget(&matcher);
	free(matcher.places);
	free(matcher.hits);
	free(matcher.counted);
	sqlite3_finalize(matcher.insert);
	return good;
}
