#include "tools/races/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

struct guard { /* what this process guards */
	struct guarded guarded;
	int memory, original; /* -1: nothing */
};

static void drop(struct guard *guard)
{
	if (guard->memory >= 0)
		close(guard->memory);
	if (guard->original >= 0)
		close(guard->original);
	*guard = (struct guard){.memory = -1, .original = -1};
}

/* ---- restoring -------------------------------------------------------------------------------- */

static void restore_page(const struct guard *guard, uint64_t offset)
{
	uint8_t original[PAGE], present[PAGE];
	uint64_t left = guard->guarded.bytes - offset, bytes = left < PAGE ? left : PAGE;
	off_t address = (off_t)(guard->guarded.start + offset);

	if (pread(guard->original, original, bytes, (off_t)offset) != (ssize_t)bytes ||
	    pread(guard->memory, present, bytes, address) != (ssize_t)bytes)
		return;
	if (memcmp(original, present, bytes) && pwrite(guard->memory, original, bytes, address) < 0)
		return; /* the process has ended meanwhile */
}

static void restore(const struct guard *guard)
{
	uint32_t none = 0;
	uint64_t first = PAGE - guard->guarded.start % PAGE;

	if (guard->memory < 0)
		return;
	restore_page(guard, 0);
	for (uint64_t offset = first; offset < guard->guarded.bytes; offset += PAGE)
		restore_page(guard, offset);
	if (pwrite(guard->memory, &none, sizeof none, (off_t)guard->guarded.armed) < 0)
		return;
}

/* Kernels can be told that only a tracer may write to code: then this process would be of no use. */
static bool can_write(const struct guard *guard)
{
	uint32_t word;
	off_t armed = (off_t)guard->guarded.armed;

	return pread(guard->memory, &word, sizeof word, armed) == (ssize_t)sizeof word &&
	       pwrite(guard->memory, &word, sizeof word, armed) == (ssize_t)sizeof word;
}

/* ---- the connection ----------------------------------------------------------------------------- */

union passed { /* two descriptors, beside a message */
	struct cmsghdr header;
	char bytes[CMSG_SPACE(2 * sizeof(int))];
};

/* 1: a message; 0: the tracer has ended. */
static int receive(int connection, struct guard *guard)
{
	union passed passed = {.header = {0}};
	struct guarded guarded;
	struct iovec place = {&guarded, sizeof guarded};
	struct msghdr message = {
	    .msg_iov = &place, .msg_iovlen = 1, .msg_control = &passed, .msg_controllen = sizeof passed};
	ssize_t got;

	while ((got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (got <= 0)
		return 0;
	drop(guard);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (got != (ssize_t)sizeof guarded || !header || header->cmsg_type != SCM_RIGHTS)
		return 1;
	guard->guarded = guarded;
	memcpy(&guard->memory, CMSG_DATA(header), sizeof(int));
	memcpy(&guard->original, CMSG_DATA(header) + sizeof(int), sizeof(int));
	return 1;
}

static _Noreturn void guard_until_end(int connection)
{
	struct guard guard = {.memory = -1, .original = -1};

	while (receive(connection, &guard)) {
		char answer = guard.memory < 0 || can_write(&guard);
		if (send(connection, &answer, 1, MSG_NOSIGNAL) != 1)
			break;
	}
	restore(&guard);
	_exit(0);
}

bool guardian_start(struct guardian *guardian)
{
	int ends[2];

	*guardian = (struct guardian){.connection = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return false;
	guardian->pid = fork();
	if (!guardian->pid) {
		sigset_t all;
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		prctl(PR_SET_PDEATHSIG, 0);
		setsid();
		close(ends[0]);
		guard_until_end(ends[1]);
	}
	close(ends[1]);
	guardian->connection = ends[0];
	if (guardian->pid > 0)
		return true;
	close(ends[0]);
	return false;
}

static bool tell(struct guardian *guardian, const struct msghdr *message)
{
	char answer = 0;
	ssize_t got;

	if (sendmsg(guardian->connection, message, MSG_NOSIGNAL) <= 0)
		return false;
	while ((got = recv(guardian->connection, &answer, 1, 0)) < 0 && errno == EINTR)
		;
	return got == 1 && answer;
}

bool guardian_guard(struct guardian *guardian, const struct guarded *guarded, int memory, int original)
{
	union passed passed = {.header = {
	                           .cmsg_len = CMSG_LEN(2 * sizeof(int)),
	                           .cmsg_level = SOL_SOCKET,
	                           .cmsg_type = SCM_RIGHTS,
	                       }};
	struct iovec place = {(void *)guarded, sizeof *guarded};
	struct msghdr message = {
	    .msg_iov = &place, .msg_iovlen = 1, .msg_control = &passed, .msg_controllen = sizeof passed};

	memcpy(CMSG_DATA(&passed.header), &memory, sizeof(int));
	memcpy(CMSG_DATA(&passed.header) + sizeof(int), &original, sizeof(int));
	return tell(guardian, &message);
}

bool guardian_forget(struct guardian *guardian)
{
	char nothing = 0;
	struct iovec place = {&nothing, 1};

	return tell(guardian, &(struct msghdr){.msg_iov = &place, .msg_iovlen = 1});
}

void guardian_end(struct guardian *guardian)
{
	close(guardian->connection);
	while (waitpid(guardian->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
