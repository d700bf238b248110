/*
 * What a thread has done that a watchpoint has stopped behind its access.
 *
 * The processor tells the instruction behind.  Where that ends a site, the site says what was done.  Other code of the
 * executable is decoded: the owner of a frame accesses its variables by instructions that are no sites.  Of the code of
 * libraries it is known only where it is.
 */
#include "tools/races/tracer_parts.h"

#if defined(__x86_64__)

#include <stddef.h>

/* By the registers that the thread has now: a register that the access has changed gives another address. */
static bool accesses_watched(const struct session *session, const struct traced *held, uint32_t site,
                             const struct user_regs_struct *registers, struct race_access *access)
{
	struct race_access accesses[RACE_ACCESSES];
	unsigned count = tracer_accesses(session, site, registers, accesses);

	for (unsigned i = 0; i < count; i++)
		if (accesses[i].size && held->watched_at - accesses[i].address < accesses[i].size) {
			*access = accesses[i];
			return true;
		}
	return false;
}

/* A read is watched for writes alone. */
static bool may_conflict(const struct traced *held, const struct race_site *site)
{
	return site->writes || holds_writes(held);
}

/* A string operation stops before its end, where it begins; other instructions stop behind themselves. */
static uint32_t find_site(const struct session *session, const struct traced *held,
                          const struct user_regs_struct *registers)
{
	const struct race_sites *sites = session->text.sites;
	uint64_t address = registers->rip - session->text.bias;
	const struct race_site *before = race_sites_ending(sites, address), *at = race_sites_find(sites, address);
	struct race_access unused;
	bool is_string = at && at->repeated && at->string != RACE_STRING_NONE;

	if (before && is_string &&
	    !accesses_watched(session, held, (uint32_t)(before - sites->items), registers, &unused))
		before = NULL;
	if (!before && is_string)
		before = at;
	return before && may_conflict(held, before) ? (uint32_t)(before - sites->items) : TEXT_NO_SITE;
}

static void describe_other(const struct session *session, const struct traced *held, uint64_t rip,
                           struct races_side *side)
{
	const struct race_access *access = &held->accesses[held->watched];
	struct race_site site;

	side->pc = rip - 1;
	side->address = access->address;
	side->size = access->size;
	side->reads = access->writes; /* what comes to a write may be either */
	side->writes = !access->writes;
	if (!race_sites_access_ending(session->text.sites, rip - session->text.bias, &site) ||
	    !may_conflict(held, &site))
		return;
	side->pc = site.address + session->text.bias;
	side->size = site.size ? site.size : access->size;
	side->reads = site.reads;
	side->writes = site.writes;
	side->shape = (uint8_t)site.shape;
	side->compilers = session->text.compilers;
}

static void describe_site(const struct session *session, struct behind *behind)
{
	const struct race_site *site = &session->text.sites->items[behind->site];

	behind->side.pc = text_address(&session->text, behind->site);
	behind->side.reads = site->reads;
	behind->side.writes = site->writes;
	behind->side.shape = (uint8_t)site->shape;
	behind->side.compilers = session->text.compilers;
	behind->side.locked_nearby = site->locked || race_site_is_locked_nearby(session->text.sites, site) ||
	                             samples_are_locked(session, behind->side.address);
}

struct behind behind_find(const struct session *session, const struct traced *held,
                          const struct user_regs_struct *registers)
{
	struct behind behind = {.registers = *registers};

	behind.registers.rip = text_outside(&session->text, registers->rip);
	behind.site = find_site(session, held, &behind.registers);
	behind.place = (uint32_t)u64_mix(behind.registers.rip) | OTHER_PLACE;
	if (behind.site == TEXT_NO_SITE)
		return behind;
	const struct race_site *site = &session->text.sites->items[behind.site];
	struct race_access access = {.address = held->watched_at, .size = site->size ? site->size : 1};
	if (!accesses_watched(session, held, behind.site, &behind.registers, &access))
		access.address -= access.address % access.size;
	behind.place = behind.site;
	behind.side.address = access.address;
	behind.side.size = access.size;
	return behind;
}

void behind_describe(const struct session *session, const struct traced *held, struct behind *behind)
{
	if (behind->site == TEXT_NO_SITE)
		describe_other(session, held, behind->registers.rip, &behind->side);
	else
		describe_site(session, behind);
}

#endif
