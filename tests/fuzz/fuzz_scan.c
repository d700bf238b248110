/* Any bytes as what a tool saw at a program's end (PID.IMAGE.scan): what is accepted is written and read as
 * the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/scan/leak_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(const struct leak_scan *one, const struct leak_scan *other)
{
	if (one->done != other->done || one->count != other->count || one->pause_ns != other->pause_ns ||
	    strcmp(one->why_not, other->why_not))
		abort();
	for (size_t i = 0; i < one->count; i++)
		if (one->groups[i].class != other->groups[i].class || one->groups[i].stack != other->groups[i].stack ||
		    one->groups[i].blocks != other->groups[i].blocks ||
		    one->groups[i].bytes != other->groups[i].bytes ||
		    one->groups[i].unproven != other->groups[i].unproven)
			abort();
}

static void write_and_read(const struct leak_scan *scan)
{
	char path[64];
	struct leak_scan again;

	snprintf(path, sizeof path, "/dev/shm/ringtail-fuzz-%d.scan", (int)getpid());
	if (leak_scan_write(scan, path))
		return;
	if (!leak_scan_read(&again, path))
		abort();
	expect_same(scan, &again);
	leak_scan_free(&again);
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leak_scan scan;
	char path[64];
	int fd = (int)syscall(SYS_memfd_create, "scan", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (leak_scan_read(&scan, path)) {
		write_and_read(&scan);
		leak_scan_free(&scan);
	}
	close(fd);
	return 0;
}
