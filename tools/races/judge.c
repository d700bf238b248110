#include "tools/races/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/finding/findings.h"
#include "tools/races/evidence.h"

struct judge {
	struct symbolizer *symbolizer;
	const struct ring_file *ring;
	const struct race_search *races;
};

static const struct race_catch *catch_of(const struct judge *judge, const struct finding *finding)
{
	uint32_t number = finding->race ? finding->race->caught : 0;

	return number && number <= judge->races->count ? &judge->races->items[number - 1] : NULL;
}

/* ---- facts --------------------------------------------------------------------------------------- */

static struct race_place place_of(const struct judge *judge, uint64_t address, uint64_t stamp)
{
	uint32_t number;
	const struct rt_module *module = ring_file_module_around(judge->ring, address, stamp, &number);

	return module ? (struct race_place){module, address - module->bias} : (struct race_place){0};
}

static struct race_side side_of(const struct judge *judge, const struct race_catch_side *from,
                                const struct race_place *place)
{
	struct race_side side = {.address = from->address,
	                         .size = from->size,
	                         .reads = from->reads,
	                         .writes = from->writes,
	                         .shape = (enum race_shape)from->shape,
	                         .compilers = from->compilers,
	                         .polls = from->polls};

	if (place->module)
		race_evidence_of_side(judge->symbolizer, place, &side);
	return side;
}

static bool keeps_value(const struct race_catch *caught)
{
	return caught->after_known && caught->value_bytes &&
	       !memcmp(caught->before, caught->after, caught->value_bytes);
}

static struct race_verdict verdict_on(const struct judge *judge, const struct race_catch *caught, bool is_variable)
{
	struct race_place sides[2] = {0}, variable = {0};
	struct race_facts facts = {.writer_unknown = caught->proof == RACE_VALUE_CHANGED,
	                           .same_value = keeps_value(caught)};

	for (unsigned i = 0; i < (facts.writer_unknown ? 1u : 2u); i++) {
		sides[i] = place_of(judge, caught->sides[i].pc, caught->stamp);
		facts.sides[i] = side_of(judge, &caught->sides[i], &sides[i]);
		facts.locked_elsewhere |= caught->sides[i].locked_nearby;
	}
	if (is_variable)
		variable = place_of(judge, caught->address, caught->stamp);
	facts.type = race_evidence_of_type(judge->symbolizer, &variable, sides);
	return race_classify(&facts);
}

static enum finding_class class_of(enum race_class class)
{
	static const enum finding_class classes[RACE_CLASSES] = {
	    [RACE_UNPROVEN] = FINDING_RACE_UNPROVEN, [RACE_DATA] = FINDING_RACE_DATA,
	    [RACE_ATOMIC] = FINDING_RACE_ATOMIC,     [RACE_VOLATILE] = FINDING_RACE_VOLATILE,
	    [RACE_FLAG] = FINDING_RACE_FLAG,         [RACE_SAME_VALUE] = FINDING_RACE_SAME_VALUE,
	};

	return classes[class];
}

/* ---- what is accessed ------------------------------------------------------------------------------ */

static void name_variable(const struct judge *judge, const struct race_catch *caught, struct finding_race *race)
{
	struct race_place place = place_of(judge, caught->address, caught->stamp);
	struct symbol_line line;
	uint64_t into = 0;
	const char *name =
	    place.module ? symbolizer_variable(judge->symbolizer, place.module, place.offset, &into) : NULL;

	if (!name)
		return;
	race->variable_name = (size_t)snprintf(race->variable, sizeof race->variable, "%.70s", name);
	if (into)
		snprintf(race->variable + race->variable_name, sizeof race->variable - race->variable_name, "+%" PRIu64,
		         into);
	if (symbolizer_declared(judge->symbolizer, place.module, place.offset, &line)) {
		race->declared = line.file;
		race->declared_line = line.line;
	}
}

/* ---- what is said ----------------------------------------------------------------------------------- */

/* "the variable counter" */
static void write_object(const struct finding_race *race, char *out, size_t size)
{
	if (race->variable[0])
		snprintf(out, size, "the variable %s", race->variable);
	else if (!strcmp(race->about, "block"))
		snprintf(out, size, "the same block of the heap");
	else if (!strcmp(race->about, "stack"))
		snprintf(out, size, "a variable on the stack of a thread");
	else
		snprintf(out, size, "the same memory");
}

static void write_what(const struct race_catch *caught, const char *object, char *out, size_t size)
{
	const struct race_catch_side *sides = caught->sides;

	if (caught->proof == RACE_VALUE_CHANGED)
		snprintf(out, size, "%s changes while a thread is about to access it", object);
	else if (sides[0].writes && sides[1].writes)
		snprintf(out, size, "two threads write %s at the same time", object);
	else
		snprintf(out, size, "a thread writes %s while another thread reads it", object);
}

static void write_message(struct finding *finding, const struct race_catch *caught)
{
	char object[160], what[256];

	write_object(finding->race, object, sizeof object);
	write_what(caught, object, what, sizeof what);
	if (finding->class == FINDING_RACE_DATA)
		finding_message(finding, "%s, and nothing orders these accesses", what);
	else
		finding_message(finding, "%s: %s", what, finding->race->reason);
}

/* ---- the list ---------------------------------------------------------------------------------------- */

/* Where the two threads stood, in the source if that is known. */
struct places {
	const char *functions[2];
	int lines[2];
};

static void find_places(const struct judge *judge, const struct race_catch *caught, struct places *places)
{
	struct symbol_frame frame;

	*places = (struct places){0};
	for (unsigned i = 0; i < 2; i++) {
		struct race_place place = place_of(judge, caught->sides[i].pc, caught->stamp);

		if (place.module &&
		    symbolizer_resolve(judge->symbolizer, place.module, place.offset, true, &frame, 1)) {
			places->functions[i] = frame.function;
			places->lines[i] = frame.line;
		}
	}
}

static bool same_place(const struct places *one, unsigned i, const struct places *other, unsigned j)
{
	return one->lines[i] == other->lines[j] && one->functions[i] && other->functions[j] &&
	       !strcmp(one->functions[i], other->functions[j]);
}

static bool same_places(const struct places *one, const struct places *other)
{
	return (same_place(one, 0, other, 0) && same_place(one, 1, other, 1)) ||
	       (same_place(one, 0, other, 1) && same_place(one, 1, other, 0));
}

static bool same_object(const struct finding_race *one, const struct finding_race *other)
{
	if (one->about != other->about)
		return false;
	return one->size ? one->into == other->into && one->allocated_stack == other->allocated_stack
	                 : one->address == other->address;
}

/* The other thread of a value that changed is known: both threads were caught there, too. */
static bool is_known(const struct race_catch *value, const struct race_catch *pair)
{
	return value->proof == RACE_VALUE_CHANGED && pair->proof != RACE_VALUE_CHANGED &&
	       value->address == pair->address &&
	       (value->sides[0].pc == pair->sides[0].pc || value->sides[0].pc == pair->sides[1].pc);
}

/* One statement is several instructions, which are caught one by one: they are one finding. */
static bool is_part_of(const struct judge *judge, const struct finding *finding, const struct finding *of)
{
	const struct race_catch *caught = catch_of(judge, finding), *of_caught = catch_of(judge, of);
	struct places places, of_places;

	if (!of_caught || of == finding)
		return false;
	if (is_known(caught, of_caught))
		return true;
	if (finding->class != of->class || of > finding || !same_object(finding->race, of->race))
		return false;
	find_places(judge, caught, &places);
	find_places(judge, of_caught, &of_places);
	return same_places(&places, &of_places);
}

static struct finding *whole_of(const struct judge *judge, const struct finding_list *findings,
                                const struct finding *finding)
{
	for (size_t i = 0; i < findings->count; i++)
		if (is_part_of(judge, finding, &findings->items[i]))
			return &findings->items[i];
	return NULL;
}

/* From the last to the first, so that the first is left. */
static void unite(const struct judge *judge, struct finding_list *findings)
{
	for (size_t i = findings->count; i-- > 0;) {
		struct finding *part = &findings->items[i];
		struct finding *whole = catch_of(judge, part) ? whole_of(judge, findings, part) : NULL;

		if (!whole)
			continue;
		whole->times += part->times;
		finding_list_remove(findings, i);
	}
}

static void judge_one(const struct judge *judge, struct finding *finding, const struct race_catch *caught)
{
	bool is_variable = !strcmp(finding->race->about, "variable");
	struct race_verdict verdict = verdict_on(judge, caught, is_variable);

	finding->class = class_of(verdict.class);
	finding->race->reason = race_reason_text(verdict.reason);
	finding->times = caught->times;
	if (is_variable)
		name_variable(judge, caught, finding->race);
	write_message(finding, caught);
}

void races_judge(struct recording *recording, struct symbolizer *symbolizer)
{
	struct finding_list *findings = recording->analysis->findings;
	struct judge judge = {symbolizer, &recording->ring, &recording->analysis->races};

	if (!judge.races->count || judge.races->judged)
		return;
	recording->analysis->races.judged = true;
	symbolizer_process(symbolizer, &recording->ring);
	for (size_t i = 0; i < findings->count; i++) {
		const struct race_catch *caught = catch_of(&judge, &findings->items[i]);

		if (caught)
			judge_one(&judge, &findings->items[i], caught);
	}
	unite(&judge, findings);
	finding_list_sort(findings);
}
