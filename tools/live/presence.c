#include "tools/live/presence.h"

#include <fcntl.h>
#include <unistd.h>

/* Holds the lock.  It is a lock of the open file description, so that closing another descriptor of the directory does
 * not release it. */
static int holder = -1;

static int open_run(const char *run) { return open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

/* True if the shim would see the lock. */
static bool is_seen(const char *run)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open_run(run);
	bool seen = fd >= 0 && !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;

	if (fd >= 0)
		close(fd);
	return seen;
}

bool presence_begin(const char *run)
{
	struct flock lock = {.l_type = F_RDLCK,
	                     .l_whence = SEEK_SET}; /* a read lock: a directory cannot be opened for writing */

	holder = open_run(run);
	if (holder >= 0 && !fcntl(holder, F_OFD_SETLK, &lock) && is_seen(run))
		return true;
	presence_end();
	return false;
}

void presence_end(void)
{
	if (holder >= 0)
		close(holder);
	holder = -1;
}

/* The lock belongs to the open file description, and ends with its last descriptor: the child closes its copy. */
void presence_forked(void) { presence_end(); }
