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
	size_t first, count; /* its frames: several where calls were inlined */
	bool in_runtime;     /* in the C, C++ or Rust runtime, which acts for its caller */
};

struct frame {
	size_t hits; /* index of the first, 0: none */
	bool in_runtime;
};

struct hit {               /* a rule that has a pattern for a frame */
	size_t rule, next; /* next: 0 is none */
	uint32_t patterns; /* bit i: the rule's frames[i] matches */
};

/*
 * A rule that names the innermost frames of a stack, while the stack is walked outwards.  There may be several ways to
 * match what was met so far, because "..." stands for any number of frames.
 */
struct chain {
	size_t rule;
	uint32_t next;  /* bit i: frames[i] of the rule may be the next frame; bit frame_count: all are matched */
	uint32_t match; /* those of its patterns that match the frame at hand */
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
	struct frame *frames;
	size_t frame_count, frame_room;
	struct hit *hits;
	size_t hit_count, hit_room;
	struct chain *chains; /* of the rules that have one */
	size_t chain_count;
	size_t *chain_of; /* by rule: index in chains */
	uint32_t *met;    /* by rule: those of its patterns that match any frame of the process */
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

/* The patterns of the rule that match the frame. */
static uint32_t patterns_of(const struct rule *rule, const struct rule_frame *frame)
{
	uint32_t patterns = 0;

	if (rule->caller)
		return pattern_matches_path(rule->pattern, frame->module);
	for (unsigned i = 0; i < rule->frame_count; i++)
		if (rule->frames[i].name && frame_pattern_matches(&rule->frames[i], frame))
			patterns |= 1u << i;
	return patterns;
}

/* Row: pc, function, file, module, offset, start of one frame, by pc and from the inside outwards.  Each call that was
 * inlined at a place has a row. */
static void take_frame(struct matcher *matcher, sqlite3_stmt *row)
{
	const struct rule_frame names = {.function = text_of(row, 1),
	                                 .file = text_of(row, 2),
	                                 .module = text_of(row, 3),
	                                 .offset = (uint64_t)sqlite3_column_int64(row, 4),
	                                 .start = (uint64_t)sqlite3_column_int64(row, 5)};
	struct frame frame = {.in_runtime = name_is_runtime(names.module, names.function, names.file)};
	size_t index = place_at(matcher, sqlite3_column_int64(row, 0)); /* first, because this may move the array */
	struct place *place = &matcher->places[index];

	place->in_runtime = place->in_runtime && frame.in_runtime;
	if (!place->count++)
		place->first = matcher->frame_count;
	for (size_t i = 0; i < matcher->rules->count; i++) {
		uint32_t patterns = patterns_of(&matcher->rules->items[i], &names);

		if (!patterns)
			continue;
		matcher->met[i] |= patterns;
		GROW(matcher->hits, matcher->hit_room, matcher->hit_count + 1);
		matcher->hits[matcher->hit_count] = (struct hit){i, frame.hits, patterns};
		frame.hits = matcher->hit_count++;
	}
	GROW(matcher->frames, matcher->frame_room, matcher->frame_count + 1);
	matcher->frames[matcher->frame_count++] = frame;
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

/* ---- rules that name the innermost frames ------------------------------------------------------ */

/* "..." may stand for no frame. */
static uint32_t past_gaps(const struct rule *rule, uint32_t next)
{
	for (unsigned i = 0; i < rule->frame_count; i++)
		if (next >> i & 1 && !rule->frames[i].name)
			next |= 2u << i;
	return next;
}

/* Returns true while a rule may still match. */
static bool chains_begin(struct matcher *matcher)
{
	for (size_t i = 0; i < matcher->chain_count; i++)
		matcher->chains[i].next = past_gaps(&matcher->rules->items[matcher->chains[i].rule], 1);
	return matcher->chain_count;
}

static void chain_step(struct matcher *matcher, struct chain *chain)
{
	const struct rule *rule = &matcher->rules->items[chain->rule];
	uint32_t next = (chain->next & chain->match) << 1;

	for (unsigned i = 0; i < rule->frame_count; i++)
		if (!rule->frames[i].name)
			next |= chain->next & 1u << i;
	chain->next = past_gaps(rule, next);
	chain->match = 0;
	if (!(chain->next >> rule->frame_count & 1))
		return;
	chain->next = 0;
	note_match(matcher, chain->rule);
}

static bool chains_take(struct matcher *matcher, const struct frame *frame)
{
	bool alive = false;

	for (size_t hit = frame->hits; hit; hit = matcher->hits[hit].next)
		if (matcher->rules->items[matcher->hits[hit].rule].chain)
			matcher->chains[matcher->chain_of[matcher->hits[hit].rule]].match = matcher->hits[hit].patterns;
	for (size_t i = 0; i < matcher->chain_count; i++) {
		chain_step(matcher, &matcher->chains[i]);
		alive = alive || matcher->chains[i].next;
	}
	return alive;
}

/* Functions of the runtime act for their callers: chains begin after them. */
static void match_chains(struct matcher *matcher, uint32_t at)
{
	bool alive = chains_begin(matcher), begun = false;

	for (unsigned depth = 0; alive && depth < RT_DEPTH_MOST && at != NO_STACK; depth++) {
		const struct stack_node *node = &matcher->stacks.nodes[at];
		const struct place *place = &matcher->places[u64_map_get(&matcher->place_of, (uint64_t)node->pc)];

		for (size_t i = 0; alive && i < place->count; i++) {
			const struct frame *frame = &matcher->frames[place->first + i];

			begun = begun || !frame->in_runtime;
			alive = !begun || chains_take(matcher, frame);
		}
		alive = alive && place->count; /* a place without frames is nothing that a pattern could name */
		at = node->caller;
	}
}

/* ---- stacks ------------------------------------------------------------------------------------ */

static void note_hits(struct matcher *matcher, const struct frame *frame, bool is_caller)
{
	for (size_t hit = frame->hits; hit; hit = matcher->hits[hit].next) {
		const struct rule *rule = &matcher->rules->items[matcher->hits[hit].rule];

		if (!rule->chain && (!rule->caller || is_caller))
			note_match(matcher, matcher->hits[hit].rule);
	}
}

static void match_stack(struct matcher *matcher, int64_t stack)
{
	bool by_runtime = true; /* true while all places so far are in the runtime */
	uint32_t at = stack_tree_find(&matcher->stacks, stack);

	match_chains(matcher, at);
	/* The limit is for a hostile database, in which callers may form a cycle. */
	for (unsigned depth = 0; depth < RT_DEPTH_MOST && at != NO_STACK; depth++) {
		const struct stack_node *node = &matcher->stacks.nodes[at];
		const struct place *place = &matcher->places[u64_map_get(&matcher->place_of, (uint64_t)node->pc)];

		for (size_t i = 0; i < place->count; i++)
			note_hits(matcher, &matcher->frames[place->first + i], by_runtime && !place->in_runtime);
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
	sqlite3_bind_int(matcher->insert, 4, rule->by_default);
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

/* True for a rule without a frame or module: its pattern is all "*". */
static bool matches_all_stacks(const struct rule *rule) { return !rule->pattern[strspn(rule->pattern, "*")]; }

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
		if (matches_all_stacks(&matcher->rules->items[i]))
			note_match(matcher, i);
}

/* ---- processes ----------------------------------------------------------------------------------- */

static void forget(struct matcher *matcher)
{
	u64_map_free(&matcher->place_of);
	stack_tree_free(&matcher->stacks);
	matcher->place_of = (struct u64_map){0};
	matcher->place_count = matcher->hit_count = 1;
	matcher->frame_count = 0;
	matcher->current.ordinal = 0;
	memset(matcher->met, 0, matcher->rules->count * sizeof(*matcher->met));
}

/* The patterns of a rule without which no stack matches. */
static uint32_t needed_patterns(const struct rule *rule)
{
	uint32_t needed = 0;

	if (!rule->chain)
		return 1;
	for (unsigned i = 0; i < rule->frame_count; i++)
		needed |= rule->frames[i].name ? 1u << i : 0;
	return needed;
}

/* False if no stack of the process can match a rule, by its frames alone.  That is so in most programs: their stacks
 * need not be read then. */
static bool may_match(const struct matcher *matcher)
{
	for (size_t i = 0; i < matcher->rules->count; i++) {
		const struct rule *rule = &matcher->rules->items[i];
		uint32_t needed = needed_patterns(rule);

		if (matches_all_stacks(rule) || (matcher->met[i] & needed) == needed)
			return true;
	}
	return false;
}

static bool match_process(struct matcher *matcher)
{
	static const char frames[] = "SELECT f.pc, f.function, f.file, m.path, f.offset,"
	                             " f.offset - coalesce(f.function_offset, 0) FROM frame f"
	                             " LEFT JOIN module m ON m.process = f.process AND m.id = f.module"
	                             " WHERE f.process = ? ORDER BY f.pc, f.ordinal";
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
	bool good = each_row(matcher, frames, take_frame);
	if (good && may_match(matcher))
		good = stack_tree_load(&matcher->stacks, &query, matcher->process) &&
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

static void make_chains(struct matcher *matcher)
{
	matcher->chains = memory_zeroed(matcher->rules->count, sizeof(*matcher->chains));
	matcher->chain_of = memory_zeroed(matcher->rules->count, sizeof(*matcher->chain_of));
	for (size_t i = 0; i < matcher->rules->count; i++) {
		if (!matcher->rules->items[i].chain)
			continue;
		matcher->chain_of[i] = matcher->chain_count;
		matcher->chains[matcher->chain_count++].rule = i;
	}
}

bool match_rules(struct rules *rules, sqlite3 *db)
{
	struct matcher matcher = {.rules = rules, .db = db};
	bool good = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO temp.suppressed VALUES (?, ?, ?, ?)", -1,
	                               &matcher.insert, NULL) == SQLITE_OK;

	/* Index 0 of each is unused. */
	matcher.places = memory_zeroed(matcher.place_room = 1, sizeof(*matcher.places));
	matcher.hits = memory_zeroed(matcher.hit_room = 1, sizeof(*matcher.hits));
	matcher.counted = memory_zeroed(rules->count, sizeof(*matcher.counted));
	matcher.met = memory_zeroed(rules->count, sizeof(*matcher.met));
	make_chains(&matcher);
	good = good && match_processes(&matcher);
	forget(&matcher);
	free(matcher.frames);
	free(matcher.chains);
	free(matcher.chain_of);
	free(matcher.places);
	free(matcher.hits);
	free(matcher.counted);
	free(matcher.met);
	sqlite3_finalize(matcher.insert);
	return good;
}
