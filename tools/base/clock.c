#include "tools/base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S          1000000000u
#define LONG_ENOUGH_NS    10000000u /* a rate from a shorter time is a guess */
#define BOOT_ID_BYTES     36
#define BOOT_TOLERANCE_NS (UINT64_C(60) * NS_PER_S)
#define RATE_MIN          0.01   /* ns per tick: 100 GHz */
#define RATE_MAX          1000.0 /* 1 MHz */

uint64_t ring_clock_ns(int id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t ring_clock_now(uint32_t clock)
{
	return clock == RT_CLOCK_TSC ? rt_counter() : ring_clock_ns(CLOCK_MONOTONIC_RAW);
}

/* Nanoseconds per tick; 0 if the two readings give no rate. */
static double rate_between(struct rt_clock_pair from, struct rt_clock_pair to)
{
	if (to.ticks <= from.ticks || to.mono_ns <= from.mono_ns)
		return 0;
	double rate = (double)(to.mono_ns - from.mono_ns) / (double)(to.ticks - from.ticks);
	return rate >= RATE_MIN && rate <= RATE_MAX ? rate : 0;
}

static bool agree(double a, double b) { return a > b * 0.99 && a < b * 1.01; }

double ring_clock_rate(const struct rt_header *header, struct rt_clock_pair latest, bool same_boot)
{
	struct rt_clock_pair start = header->clock_start;
	double rate = rate_between(start, latest);
	double rate_now = 0;

	if (header->clock != RT_CLOCK_TSC)
		return 1.0;
	if (same_boot) {
		struct rt_clock_pair now = {rt_counter(), ring_clock_ns(CLOCK_MONOTONIC_RAW)};
		rate_now = rate_between(start, now);
	}
	/* The longer interval gives the more exact rate, unless a suspend stopped or reset the counter in between. */
	bool recorded = rate > 0 && latest.mono_ns - start.mono_ns >= LONG_ENOUGH_NS;
	if (rate_now > 0 && (!recorded || agree(rate_now, rate)))
		return rate_now;
	return rate > 0 ? rate : 1.0;
}

static bool read_boot_id(char text[64])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, 63);
	close(fd);
	return got >= BOOT_ID_BYTES;
}

/* True if the tick counters of the recording and of this machine began at the same time of day, within the accuracy of
 * that clock. */
static bool began_together(const struct rt_header *header)
{
	uint64_t then = header->realtime_ns - header->clock_start.mono_ns;
	uint64_t now = ring_clock_ns(CLOCK_REALTIME) - ring_clock_ns(CLOCK_MONOTONIC_RAW);

	return then - now + BOOT_TOLERANCE_NS < 2 * BOOT_TOLERANCE_NS;
}

bool ring_clock_same_boot(const struct rt_header *header)
{
	char text[64] = "";

	if (!header->boot_id[0] || !read_boot_id(text)) /* a sandbox without /proc */
		return began_together(header);
	return !memcmp(text, header->boot_id, BOOT_ID_BYTES);
}
