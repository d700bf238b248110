/* What the options of options.def come to in the shim. */
#ifndef RINGTAIL_SHIM_OPTIONS_H
#define RINGTAIL_SHIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/format.h"

#define SHIM_PATH_MAX 4096

struct options {
	char run[SHIM_PATH_MAX];  /* absolute once the process has started; "" until then: make one */
	char plan[SHIM_PATH_MAX]; /* of ringtail run --confirm; "": none */
	bool heap, locks, mmap, scan, live, locked;
	uint32_t stacks;  /* enum rt_stacks */
	uint32_t on_full; /* enum rt_on_full */
	uint64_t depth, max, live_max, keep, scan_wait, refuse;
	uint32_t races; /* percent of the time that the search for data races may cost, with RACES_FLOOR; 0: none */
	uint64_t races_seed;
};

#define RACES_FLOOR    256u /* in any case it may cost RACES_FLOOR_MS */
#define RACES_FLOOR_MS 30u

extern __attribute__((visibility("hidden"))) struct options options;

/* Fills `options` with the defaults and what text ("key=value:key=value", may be NULL) says.  Unknown keys and
 * values that are not valid are left out.  Returns what is wrong with the first of them, for a message: "stacks takes
 * full, caller or none, not "ful""; or NULL.  Before any thread. */
const char *options_parse(const char *text);

#endif
