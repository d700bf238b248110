/* The collector reads the rings of a run while its processes run, until the command has ended. */
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
	pid_t command;   /* a child of this process */
	bool wait_all;   /* stay until every watched process has ended */
	bool quiet;      /* shows no progress, even after the program has ended */
	struct command_signals *signals;
	struct store *store;
	enum on_deadlock on_deadlock;
	struct confirm *confirm; /* deadlocks that an earlier run predicted; NULL: none are to be confirmed */
	uint64_t trace_every_ns; /* interval between the lines of --trace-every; 0: no lines */
};

#define LEFT_NAMED 3
struct left_running { /* a process that goes on */
	uint32_t pid; /* as the program sees it */
	char name[64];
};

struct collector_result {
	int wait_status;    /* of the command */
	uint64_t ended_ns;  /* CLOCK_MONOTONIC ns when the collector noticed its end */
	unsigned processes; /* that recorded events */
	unsigned left_running;
	struct left_running left[LEFT_NAMED]; /* the first of them that have recorded something */
	unsigned left_named;
	uint64_t unfollowed;     /* programs that were started without the library in their environment */
	bool ended_for_deadlock; /* the collector ended the command, as on_deadlock asks */
	bool refused;            /* the library ended the command before its main, as its heap cannot be watched */
	uint32_t heap_unseen;    /* enum rt_heap_unseen: why, if refused */
	unsigned unread;         /* rings that could not be opened */
	bool stored;             /* all that was read is in the store; else err is filled */
	struct error why_not;    /* if the disk was full: why the store is in memory; else its code is 0 */
};

/* Returns when the command has ended and everything that was read is stored. */
struct collector_result collector_run(const struct collector_request *request, struct error *err);

#endif
