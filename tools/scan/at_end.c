#include "tools/scan/at_end.h"

#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/base/clock.h"

struct deadline {
	uint64_t until; /* CLOCK_MONOTONIC ns */
	const struct scan_tick *tick;
};

static bool in_time(void *context)
{
	const struct deadline *deadline = context;

	if (deadline->tick && !deadline->tick->call(deadline->tick->context))
		return false;
	return ring_clock_ns(CLOCK_MONOTONIC) < deadline->until;
}

/* One line for a run, whichever process it was. */
static void say_refused(const struct recording *recording, const struct leak_scan *scan)
{
	static bool said;

	if (said)
		return;
	said = true;
	fprintf(stderr, "ringtail: no leak scan of pid %u: %s\n", recording->ring.header.pid, scan->why_not);
}

bool scan_at_end_make(struct recording *recording, struct leak_scan *scan, const struct scan_tick *tick)
{
	struct rt_header *shared = recording->ring.shared;
	struct deadline deadline = {ring_clock_ns(CLOCK_MONOTONIC) + recording->ring.header.scan_wait * UINT64_C(1000000000),
	                            tick};

	if (load_acquire(&shared->scan_state) != RT_SCAN_WAITING ||
	    !cas_acq_rel(&shared->scan_state, RT_SCAN_WAITING, RT_SCAN_TAKEN)) /* S2 */
		return false;
	leak_scan_free(scan);
	leak_scan_run(scan, recording, &(struct scan_tick){in_time, &deadline});
	if (!scan->done)
		say_refused(recording, scan);
	return true;
}

/* S4 */
void scan_at_end_let_go(struct recording *recording, bool done)
{
	struct rt_header *shared = recording->ring.shared;

	cas_acq_rel(&shared->scan_state, RT_SCAN_TAKEN, done ? RT_SCAN_DONE : RT_SCAN_REFUSED);
	syscall(SYS_futex, &shared->scan_state, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

bool scan_at_end(struct recording *recording, const struct scan_tick *tick)
{
	struct leak_scan *scan = &recording->analysis->scan;

	if (!scan_at_end_make(recording, scan, tick))
		return false;
	scan_at_end_let_go(recording, scan->done);
	return true;
}

/* The program's own tool has looked, and left nothing that can be read. */
static void note_unwritten(struct leak_scan *scan)
{
	scan->tried = true;
	snprintf(scan->why_not, sizeof scan->why_not,
	         "what was seen could not be written into the run: the disk was full, or past a quota or RLIMIT_FSIZE");
}

void scan_at_end_take(struct recording *recording)
{
	uint32_t state = load_acquire(&recording->ring.shared->scan_state);
	struct leak_scan *scan = &recording->analysis->scan;
	char *path = leak_scan_path(recording->ring.path);

	if (state != RT_SCAN_DONE && state != RT_SCAN_REFUSED)
		leak_scan_free(scan); /* it went on after that, or never waited */
	else if (!scan->tried && path && !leak_scan_read(scan, path))
		note_unwritten(scan);
	free(path);
}
