#include "tools/races/tracer_alone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/base/clock.h"
#include "tools/base/u64_map.h"
#include "tools/races/tracer_session.h"
#include "tools/source/ring_file.h"

#define CALLED_WITHIN UINT64_C(10000000000) /* ns */
#define CALLED_STEP   20000
#define HOLD_NS       UINT64_C(1000000)

/* ---- the .races file ------------------------------------------------------------------------------- */

/* All of it has room on the disk, so that no later write can fail. */
static struct races_file *map_file(int fd)
{
	int error = posix_fallocate(fd, 0, sizeof(struct races_file));

	if (error)
		return NULL;
	void *file = mmap(NULL, sizeof(struct races_file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return file == MAP_FAILED ? NULL : file;
}

/* NULL: there is no room for it, or a file of that name. */
static struct races_file *make_file(const char *ring_path, int *fd)
{
	char *path = ring_file_beside(ring_path, RACES_SUFFIX);
	struct races_file *file = NULL;

	*fd = path ? open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
	if (*fd >= 0 && !(file = map_file(*fd)))
		unlink(path);
	free(path);
	return file;
}

/* The part that was not used takes no room any more. */
static void cut_file(const struct races_file *file, int fd)
{
	uint32_t kept = file->count < RACES_KEPT ? file->count : RACES_KEPT;
	off_t used = (off_t)offsetof(struct races_file, caught[kept]);

	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, used, (off_t)sizeof *file - used);
}

/* ---- the handshake --------------------------------------------------------------------------------- */

/* R2: true once the program waits; before that, Yama may refuse this process. */
static bool await_call(const struct ring_file *ring)
{
	uint64_t until = ring_clock_ns(CLOCK_MONOTONIC) + CALLED_WITHIN;

	while (load_acquire(&ring->shared->races_state) == RT_RACES_NONE && ring_clock_ns(CLOCK_MONOTONIC) < until)
		nanosleep(&(struct timespec){0, CALLED_STEP}, NULL);
	return load_acquire(&ring->shared->races_state) == RT_RACES_CALLED;
}

/* R3.  False: the program has given up. */
static bool answer(const struct ring_file *ring, enum rt_races state)
{
	uint32_t *word = &ring->shared->races_state;
	bool waited = cas_acq_rel(word, RT_RACES_CALLED, state); /* R3, pairs with R4 */

	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	return waited;
}

static uint32_t seed_of(const struct ring_file *ring)
{
	uint64_t chance = u64_mix(ring_clock_ns(CLOCK_REALTIME) ^ (uint64_t)getpid() << 32);

	return ring->header.races_seed ? ring->header.races_seed : 1 + (uint32_t)(chance % UINT32_MAX);
}

static bool is_answered(const struct ring_file *ring, struct races_file *file)
{
	static const char *const why_end[RT_RACES_ENDS] = {
	    [RT_RACES_END_NOW] = "a leak scan of the running process needed its place",
	    [RT_RACES_END_TRAP] = "the program handles or ignores SIGTRAP, by which accesses are stopped",
	    [RT_RACES_END_FILTERS] = "the program gives up system calls (seccomp)",
	};
	struct tracer_options options = {
	    .seed = seed_of(ring),
	    .share = ring->header.races_share,
	    .floor_ns = ring->header.races_floor_ms * UINT64_C(1000000),
	    .hold_ns = HOLD_NS,
	    .end = &ring->shared->races_end,
	    .why_end = why_end,
	    .ends = RT_RACES_ENDS,
	};
	struct session *session = session_begin(ring->pid, &options, file);

	if (!answer(ring, session ? RT_RACES_WATCHING : RT_RACES_REFUSED) || !session)
		return false;
	session_run(session);
	return true;
}

/* Nothing is freed: this process ends. */
int tracer_alone(const char *ring_path)
{
	struct ring_file ring;
	struct error err;
	int fd;

	if (!ring_file_open(&ring, ring_path, true, &err) || !ring.pid || !await_call(&ring))
		return EXIT_BAD_DATA;
	struct races_file *file = make_file(ring_path, &fd);
	if (!file)
		answer(&ring, RT_RACES_REFUSED);
	if (!file)
		return EXIT_INTERNAL;
	bool good = is_answered(&ring, file);
	cut_file(file, fd);
	if (good)
		store_release(&ring.shared->races_state, RT_RACES_ENDED); /* R6 */
	return good ? EXIT_FINE : EXIT_INTERNAL;
}
