/*
 * A RUN directory with the database of one synthetic process.  The stacks lead through this test program itself, so
 * that they have names.
 */
#ifndef RINGTAIL_TESTS_STORED_RUN_H
#define RINGTAIL_TESTS_STORED_RUN_H

#include "tests/harness/ring_builder.h"
#include "tools/finding/findings.h"
#include "tools/report/report.h"
#include "tools/store/store.h"
#include "tools/suppress/suppress.h"

struct stored_run {
	char directory[64];
	struct ring_builder builder;
	struct ring_file ring;
	struct analysis *analysis;
	struct store store;
	struct suppress suppress; /* empty; a test may fill it before it renders */
	bool suppress_applied;
	struct error err;
	uint32_t pcs, nodes;
	uint64_t now;
};

void stored_run_make(struct stored_run *run);
void stored_run_remove(struct stored_run *run);

/* Makes a stack of places, innermost first.  Each place is a function of this program; its frame is in the function's
 * first bytes. */
uint32_t stored_run_stack(struct stored_run *run, unsigned count, ...);
/* Makes a stack of that many frames: place_work calls itself, and the outermost frame is in another place. */
uint32_t stored_run_deep_stack(struct stored_run *run, unsigned depth, void (*outermost)(void));
/* Functions for such stacks. */
void place_allocate(void);
void place_work(void);
void place_start(void);

void stored_run_alloc(struct stored_run *run, uint32_t thread, uint32_t stack, uint64_t address, uint64_t size);
void stored_run_free(struct stored_run *run, uint32_t thread, uint32_t stack, uint64_t address);
/* Ends the process.  After that the test may add findings, and then calls stored_run_store. */
void stored_run_finish(struct stored_run *run, struct process_end end);
bool stored_run_store(struct stored_run *run, bool final);

/* The first column of the first row as text; "(none)" if there is no row.  Valid until the next call. */
const char *stored_run_query(struct stored_run *run, const char *sql);
/* The output of a renderer for the run; the caller frees it. */
char *stored_run_render(struct stored_run *run, struct report report, bool (*render)(struct report *));

#endif
