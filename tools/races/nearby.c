/* What the code around a site tells about it. */
#include "tools/races/site.h"

#include "tools/races/decode.h"

/* ---- LOCK ------------------------------------------------------------------------------------- */

static bool is_same_operand(const struct race_site *one, const struct race_site *other)
{
	if (one->string != RACE_STRING_NONE || other->string != RACE_STRING_NONE ||
	    one->rip_relative != other->rip_relative)
		return false;
	if (one->rip_relative)
		return one->variable < other->variable + other->size && other->variable < one->variable + one->size;
	return one->base == other->base && one->index == other->index && one->scale == other->scale &&
	       one->displacement == other->displacement;
}

bool race_site_is_locked_nearby(const struct race_sites *sites, const struct race_site *site)
{
	const struct race_function *function = &sites->functions[site->function];

	for (size_t i = function->first; i < function->first + function->sites; i++)
		if (sites->items[i].locked && is_same_operand(&sites->items[i], site))
			return true;
	return false;
}

/* ---- reads of what is written then --------------------------------------------------------------- */

#define SITES_BEHIND 6

bool race_site_is_written_behind(const struct race_sites *sites, const struct race_site *site)
{
	const struct race_function *function = &sites->functions[site->function];
	size_t first = (size_t)(site - sites->items) + 1, end = function->first + function->sites;

	for (size_t i = first; i < end && i < first + SITES_BEHIND; i++)
		if (sites->items[i].writes && !sites->items[i].locked && is_same_operand(&sites->items[i], site))
			return true;
	return false;
}

/* ---- polling ---------------------------------------------------------------------------------- */

#define STEPS_TO_BRANCH 24     /* from a read to the branch that its value decides: loads, masks and a comparison */
#define STEPS_TO_LOOP   48     /* from there back to the read: pause, a call, a counter */
#define CALLER_SAVED    0x0fc7 /* rax rcx rdx rsi rdi r8 ... r11 */

/* Follows the code as a thread does, through jumps whose target is known. */
struct walk {
	const struct race_sites *sites;
	const struct race_decoder *decoder;
	const struct race_function *function;
	uint64_t at;
	struct race_step step;
};

/* False: the function ends here, as far as can be known. */
static bool decode_here(struct walk *walk)
{
	uint64_t room;
	const uint8_t *bytes = race_sites_bytes(walk->sites, walk->at, &room);

	return bytes && walk->at - walk->function->start < walk->function->end - walk->function->start &&
	       race_decode_step(walk->decoder, bytes, room, walk->at, &walk->step);
}

static void go_on(struct walk *walk)
{
	walk->at = walk->step.kind == RACE_STEP_JUMP ? walk->step.target : walk->at + walk->step.length;
}

/* True if the code from here on comes to the site, or to one before it, without a choice. */
static bool leads_back(struct walk walk, uint64_t start, uint64_t site)
{
	walk.at = start;
	for (unsigned i = 0; i < STEPS_TO_LOOP; i++) {
		if (walk.at - walk.function->start <= site - walk.function->start)
			return true;
		if (!decode_here(&walk) || walk.step.kind == RACE_STEP_RETURN)
			return false;
		go_on(&walk);
	}
	return false;
}

struct value { /* where the value that was read is now */
	uint16_t registers;
	bool flags;
};

static void follow_value(struct value *value, const struct race_step *step)
{
	bool uses = (step->reads & value->registers) || (step->reads_flags && value->flags);

	if (step->kind == RACE_STEP_CALL)
		*value = (struct value){value->registers & (uint16_t)~CALLER_SAVED, false};
	else if (uses)
		value->registers |= step->writes;
	else
		value->registers &= (uint16_t)~step->writes;
	if (step->writes_flags && step->kind != RACE_STEP_CALL)
		value->flags = uses;
}

static bool polls(struct walk *walk, const struct race_site *site)
{
	struct value value = {0};

	if (!decode_here(walk))
		return false;
	value.registers = walk->step.writes;
	value.flags = walk->step.writes_flags;
	go_on(walk);
	for (unsigned i = 0; i < STEPS_TO_BRANCH && decode_here(walk); i++) {
		if (walk->step.kind == RACE_STEP_RETURN)
			return false;
		if (walk->step.kind == RACE_STEP_BRANCH && value.flags &&
		    (leads_back(*walk, walk->step.target, site->address) ||
		     leads_back(*walk, walk->at + walk->step.length, site->address)))
			return true;
		follow_value(&value, &walk->step);
		go_on(walk);
	}
	return false;
}

bool race_site_may_poll(const struct race_sites *sites, const struct race_site *site)
{
	struct race_decoder *decoder = race_decoder_new();
	struct walk walk = {
	    .sites = sites, .decoder = decoder, .function = &sites->functions[site->function], .at = site->address};
	bool found = decoder && site->reads && !site->writes && polls(&walk, site);

	race_decoder_free(decoder);
	return found;
}
