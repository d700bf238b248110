/* Reads the rings of a run while its processes run, until the command has ended. */
#ifndef RINGTAIL_COLLECTOR_H
#define RINGTAIL_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/live/command_signals.h"
#include "tools/confirm/confirm.h"
#include "tools/base/error.h"
#include "tools/store/store.h"

enum on_deadlock { ON_DEADLOCK_REPORT, ON_DEADLOCK_KILL, ON_DEADLOCK_CORE };

struct collector_request {
	const char *run; /* directory */
	pid_t command;   /* our child */
	bool wait_all;   /* stay until every watched process has ended */
	bool quiet;      /* no progress, even when nobody else uses the terminal any more */
	struct command_signals *signals;
	struct store *store;
	enum on_deadlock on_deadlock;
	struct confirm *confirm; /* what an earlier run predicted; NULL: nothing is to be confirmed */
	uint64_t trace_every_ns; /* a line for each process that often; 0: none */
};

struct collector_result {
	int wait_status;    /* of the command */
	uint64_t ended_ns;  /* CLOCK_MONOTONIC when it was seen to have ended */
	unsigned processes; /* that recorded something */
	unsigned left_running;
	uint64_t unfollowed; /* programs that were started without the library in their environment */
	bool ended_for_deadlock; /* by us, as on_deadlock asks */
	unsigned unread; /* rings that could not be opened */
	bool stored; /* all that was read is in the store; else err */
	struct error why_not; /* why the store is in memory, if the disk was full; else without a code */
};

/* Returns when the command has ended and all there was to read is stored. */
struct collector_result collector_run(const struct collector_request *request, struct error *err);

#endif
