/*
 * How long the sites of a file take to be found, and how many there are: the best of ROUNDS (3).
 * usage: bench_sites FILE [ROUNDS]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/clock.h"
#include "tools/base/memory.h"
#include "tools/races/site.h"

static struct race_sites *scan(int fd, double *ms)
{
	uint64_t start = ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct error err;
	struct race_sites *sites = race_sites_of(fd, &err);

	*ms = (double)(ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / 1e6;
	if (!sites)
		fprintf(stderr, "bench_sites: %s\n", err.text);
	return sites;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 3;
	double best = 0, ms;

	if (fd < 0 || !rounds) {
		fprintf(stderr, "usage: bench_sites FILE [ROUNDS]: FILE is a program or library\n");
		return 64;
	}
	memory_start_up();
	for (unsigned long i = 0; i < rounds; i++) {
		struct race_sites *sites = scan(fd, &ms);

		if (!sites)
			return 1;
		best = !i || ms < best ? ms : best;
		if (i + 1 == rounds)
			printf("%zu sites of %llu instructions in %zu functions (%zu left out) in %.1f ms\n",
			       sites->count, (unsigned long long)sites->instructions, sites->function_count,
			       sites->dropped, best);
		race_sites_free(sites);
	}
	close(fd);
	return 0;
}
