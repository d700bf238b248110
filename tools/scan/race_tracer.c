#include "tools/scan/race_tracer.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/base/proc.h"

static void write_why(int ring)
{
	uint32_t why = RT_RACES_END_NOW;

	if (pwrite(ring, &why, sizeof why, offsetof(struct rt_header, races_end)) < 0)
		return; /* the tracer ends all the same, and gives no reason */
}

/* By the file: this reader may have mapped it without the right to write. */
static void tell_why(const struct ring_file *ring)
{
	int fd = open(ring->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	write_why(fd);
	close(fd);
}

void race_tracer_end(const struct ring_file *ring)
{
	pid_t tracer = process_here(process_tracer(ring->pid));

	if (load_acquire(&ring->shared->races_state) != RT_RACES_WATCHING || tracer <= 0 ||
	    !process_is_named(tracer, RT_RACES_TOOL))
		return;
	tell_why(ring);
	kill(tracer, SIGTERM); /* R5 of shim/races.h */
}
