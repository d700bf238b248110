/* Any bytes as an ELF file whose sites are read: what is found lies in the file's own functions, in order. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/races/shapes.h"
#include "tools/races/site.h"

#define LOOKED_AT 256 /* sites of which more is asked */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct race_sites *sites, const struct race_site *site)
{
	static const uint64_t registers[RACE_REGISTERS] = {1, 2, 3, 4, 5, 6, 7, UINT64_MAX};
	struct race_access accesses[RACE_ACCESSES];
	uint64_t room = 0;

	if (race_sites_find(sites, site->address) != site ||
	    race_sites_ending(sites, site->address + site->length) != site ||
	    race_sites_function(sites, site->address) != &sites->functions[site->function] ||
	    !race_sites_bytes(sites, site->address, &room) || room < site->length)
		abort();
	race_site_is_locked_nearby(sites, site);
	race_site_may_poll(sites, site);
	if (race_site_accesses(site, UINT64_MAX, registers, true, accesses) > RACE_ACCESSES)
		abort();
}

static void check(const struct race_sites *sites)
{
	for (size_t i = 0; i < sites->count; i++) {
		const struct race_site *site = &sites->items[i];
		const struct race_function *function = &sites->functions[site->function];

		if (site->function >= sites->function_count || site->address < function->start ||
		    site->address + site->length > function->end || (i && site[-1].address >= site->address))
			abort();
		if (i < LOOKED_AT)
			look_at(sites, site);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = (int)syscall(SYS_memfd_create, "program", 0);
	struct race_sites *sites;
	struct error err;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	sites = race_sites_of(fd, &err);
	if (sites)
		check(sites);
	race_compilers_of(fd);
	race_text_is_mapped(fd, fd, 0);
	race_sites_free(sites);
	close(fd);
	return 0;
}
