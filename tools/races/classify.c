#include "tools/races/classify.h"

#include <stddef.h>

#define WORD_BYTES 8

static bool is_plain(const struct race_side *side) { return race_shape_is_plain(side->shape, side->compilers); }

static bool either(const struct race_facts *facts, bool (*holds)(const struct race_side *side))
{
	return holds(&facts->sides[0]) || holds(&facts->sides[1]);
}

/* ---- what acquits ----------------------------------------------------------------------------- */

static bool is_locked(const struct race_side *side) { return side->shape == RACE_SHAPE_LOCKED; }
static bool writes_plainly(const struct race_side *side) { return side->writes && is_plain(side); }
static bool is_in_atomic(const struct race_side *side) { return side->source == RACE_SOURCE_ATOMIC; }
static bool is_in_volatile(const struct race_side *side) { return side->source == RACE_SOURCE_VOLATILE; }
static bool polls(const struct race_side *side) { return side->polls && side->reads && !side->writes; }
static bool may_be_speculative(const struct race_side *side) { return side->shape == RACE_SHAPE_CONDITIONAL; }

/* A plain write against an atomic access is a race, and stays one. */
static bool is_by_lock(const struct race_facts *facts)
{
	return (facts->locked_elsewhere || either(facts, is_locked)) && !either(facts, writes_plainly);
}

static bool acquit(const struct race_facts *facts, struct race_verdict *verdict)
{
	const struct {
		bool holds;
		struct race_verdict verdict;
	} rules[] = {
	    {is_by_lock(facts), {RACE_ATOMIC, RACE_LOCK_PREFIX}},
	    {facts->type == RACE_TYPE_ATOMIC, {RACE_ATOMIC, RACE_ATOMIC_TYPE}},
	    {either(facts, is_in_atomic), {RACE_ATOMIC, RACE_ATOMIC_FUNCTION}},
	    {facts->type == RACE_TYPE_VOLATILE, {RACE_VOLATILE, RACE_VOLATILE_TYPE}},
	    {either(facts, is_in_volatile), {RACE_VOLATILE, RACE_VOLATILE_FUNCTION}},
	    {either(facts, polls), {RACE_FLAG, RACE_POLLED}},
	    {facts->writer_unknown, {RACE_UNPROVEN, RACE_WRITER_UNKNOWN}},
	    {either(facts, may_be_speculative), {RACE_UNPROVEN, RACE_MAY_BE_SPECULATIVE}},
	    {facts->same_value, {RACE_SAME_VALUE, RACE_VALUE_KEPT}},
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].holds) {
			*verdict = rules[i].verdict;
			return true;
		}
	return false;
}

/* ---- what convicts ---------------------------------------------------------------------------- */

static bool is_unaligned(const struct race_side *side)
{
	return (side->size == 2 || side->size == 4 || side->size == WORD_BYTES) && side->address % side->size;
}

static bool is_wide(const struct race_side *side)
{
	return side->size > WORD_BYTES && side->shape != RACE_SHAPE_MOVE_16 && side->shape != RACE_SHAPE_LOCKED;
}

static bool copies(const struct race_side *side) { return side->copies || side->shape == RACE_SHAPE_STRING; }

static bool sizes_differ(const struct race_facts *facts)
{
	return facts->sides[0].size != facts->sides[1].size && !either(facts, is_locked);
}

static bool is_plain_in_source(const struct race_facts *facts)
{
	return facts->type == RACE_TYPE_PLAIN && facts->sides[0].source == RACE_SOURCE_PLAIN &&
	       facts->sides[1].source == RACE_SOURCE_PLAIN;
}

static bool convict(const struct race_facts *facts, struct race_verdict *verdict)
{
	const struct {
		bool holds;
		enum race_reason reason;
	} rules[] = {
	    {either(facts, is_plain), RACE_PLAIN_SHAPE}, {either(facts, copies), RACE_COPIED},
	    {either(facts, is_wide), RACE_WIDE},         {either(facts, is_unaligned), RACE_UNALIGNED},
	    {sizes_differ(facts), RACE_SIZES_DIFFER},    {is_plain_in_source(facts), RACE_PLAIN_SOURCE},
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].holds) {
			*verdict = (struct race_verdict){RACE_DATA, rules[i].reason};
			return true;
		}
	return false;
}

struct race_verdict race_classify(const struct race_facts *facts)
{
	struct race_verdict verdict = {RACE_UNPROVEN, RACE_NOTHING_PROVES};

	if (!acquit(facts, &verdict))
		convict(facts, &verdict);
	return verdict;
}

/* ---- for readers -------------------------------------------------------------------------------- */

const char *race_class_name(enum race_class class)
{
	static const char *const names[RACE_CLASSES] = {
	    [RACE_UNPROVEN] = "unproven", [RACE_DATA] = "data", [RACE_ATOMIC] = "atomic",
	    [RACE_VOLATILE] = "volatile", [RACE_FLAG] = "flag", [RACE_SAME_VALUE] = "same-value",
	};

	return class < RACE_CLASSES ? names[class] : NULL;
}

const char *race_reason_text(enum race_reason reason)
{
	static const char *const texts[RACE_REASONS] = {
	    [RACE_NOTHING_PROVES] = "nothing proves that the accesses are plain",
	    [RACE_LOCK_PREFIX] = "the location is accessed with a LOCK prefix, too",
	    [RACE_ATOMIC_TYPE] = "the type of the variable is atomic",
	    [RACE_ATOMIC_FUNCTION] = "an access is made by a function of atomics",
	    [RACE_VOLATILE_TYPE] = "the type of the variable is volatile",
	    [RACE_VOLATILE_FUNCTION] = "an access is made by a function of volatile accesses",
	    [RACE_POLLED] = "a thread reads the location in a loop until it changes",
	    [RACE_WRITER_UNKNOWN] = "the value changed, but the write was not seen",
	    [RACE_MAY_BE_SPECULATIVE] = "the compiler may have added the read (cmov)",
	    [RACE_VALUE_KEPT] = "the write did not change the value",
	    [RACE_PLAIN_SHAPE] = "compilers make this instruction of plain accesses alone",
	    [RACE_UNALIGNED] = "the location is not aligned, so the access is not one",
	    [RACE_SIZES_DIFFER] = "the accesses have different sizes",
	    [RACE_WIDE] = "an access has more than 8 bytes, so it is not one",
	    [RACE_COPIED] = "an access copies or fills memory",
	    [RACE_PLAIN_SOURCE] = "the type of the variable and both lines of source are plain",
	};

	return reason < RACE_REASONS ? texts[reason] : NULL;
}
