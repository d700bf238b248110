/* What a thread that stands before a site will access. */
#include "tools/races/site.h"

enum { RCX = 1, RSI = 6, RDI = 7 };

/* The elements of a string operation, up or down from the register's address. */
static struct race_access elements(const struct race_site *site, uint64_t address, uint64_t count, bool backwards)
{
	struct race_access access = {.address = address, .size = count * site->element};

	if (backwards && count)
		access.address -= (count - 1) * site->element;
	return access;
}

static unsigned string_accesses(const struct race_site *site, const uint64_t *registers, bool backwards,
                                struct race_access *accesses)
{
	bool may_end = site->string == RACE_STRING_SEARCH || site->string == RACE_STRING_COMPARE;
	uint64_t count = site->repeated ? registers[RCX] : 1;

	if (may_end && count > 1)
		count = 1;
	struct race_access source = elements(site, registers[RSI], count, backwards);
	struct race_access target = elements(site, registers[RDI], count, backwards);
	source.reads = true;
	target.reads = may_end;
	target.writes = !may_end;
	if (site->string != RACE_STRING_WRITE && site->string != RACE_STRING_SEARCH)
		*accesses++ = source;
	if (site->string != RACE_STRING_READ)
		*accesses = target;
	return site->string == RACE_STRING_COPY || site->string == RACE_STRING_COMPARE ? 2 : 1;
}

unsigned race_site_accesses(const struct race_site *site, uint64_t bias, const uint64_t registers[RACE_REGISTERS],
                            bool backwards, struct race_access accesses[RACE_ACCESSES])
{
	uint64_t address = site->rip_relative ? site->variable + bias : (uint64_t)site->displacement;

	if (site->string != RACE_STRING_NONE)
		return string_accesses(site, registers, backwards, accesses);
	if (site->base != RACE_NO_REGISTER)
		address += registers[site->base % RACE_REGISTERS];
	if (site->index != RACE_NO_REGISTER)
		address += registers[site->index % RACE_REGISTERS] * site->scale;
	accesses[0] = (struct race_access){address, site->size, site->reads, site->writes};
	return 1;
}
