#include "tools/live/presence.h"

#include <fcntl.h>
#include <unistd.h>

/* Of an open file description, so that no other descriptor for the directory, when it is closed, takes the lock away.
 */
static int holder = -1;

static int open_run(const char *run) { return open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

/* As the shim asks. */
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
	                     .l_whence = SEEK_SET}; /* a directory cannot be opened to be written to */

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

/* The lock is the description's, and goes with its last descriptor. */
void presence_forked(void) { presence_end(); }
