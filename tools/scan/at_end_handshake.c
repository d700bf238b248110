#include "tools/scan/at_end_handshake.h"

#include <linux/futex.h>
#include <stdio.h>
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

/* One line for a run: the first process whose scan is refused. */
static void say_refused(const struct ring_file *ring, const struct leak_scan *scan)
{
	static bool said;

	if (said)
		return;
	said = true;
	fprintf(stderr, "ringtail: no leak scan of pid %u: %s\n", ring->header.pid, scan->why_not);
}

bool scan_at_end_make(const struct scan_subject *subject, struct leak_scan *scan, const struct scan_tick *tick)
{
	struct rt_header *shared = subject->ring->shared;
	struct deadline deadline = {
	    ring_clock_ns(CLOCK_MONOTONIC) + subject->ring->header.scan_wait * UINT64_C(1000000000), tick};

	if (load_acquire(&shared->scan_state) != RT_SCAN_WAITING ||
	    !cas_acq_rel(&shared->scan_state, RT_SCAN_WAITING, RT_SCAN_TAKEN)) /* S2, pairs with S1 and S5 */
		return false;
	leak_scan_free(scan);
	leak_scan_run(scan, subject, &(struct scan_tick){in_time, &deadline}); /* S3 */
	if (!scan->done)
		say_refused(subject->ring, scan);
	return true;
}

void scan_at_end_let_go(struct ring_file *ring, bool done)
{
	struct rt_header *shared = ring->shared;

	cas_acq_rel(&shared->scan_state, RT_SCAN_TAKEN, done ? RT_SCAN_DONE : RT_SCAN_REFUSED); /* S4, pairs with S5 */
	syscall(SYS_futex, &shared->scan_state, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}
