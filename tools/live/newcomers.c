#include "tools/live/newcomers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/format.h"
#include "tools/base/memory.h"
#include "tools/options/options.h"
#include "tools/base/proc.h"
#include "tools/base/clock.h"
#include "tools/launch/watchable.h"

#define LOOKS        8u
#define YOUNGER_MOST 256
#define BEGIN_WITHIN UINT64_C(10000000000)
#define LIBRARY      "libringtail"
#define TASK_NS      2000u /* the kernel needs longer than this to create a task */

void newcomers_init(struct newcomers *newcomers, const char *run, pid_t command)
{
	struct options options = {0};
	struct process_stat stat;

	*newcomers = (struct newcomers){.command = command};
	options_put(&options, OPTION_run, run);
	newcomers->setting = options_encode(&options);
	options_free(&options);
	if (asprintf(&newcomers->rings, "%s/", run) < 0)
		newcomers->rings = NULL;
	if (process_stat(command, 0, &stat))
		newcomers->since = stat.start;
}

void newcomers_free(struct newcomers *newcomers)
{
	free(newcomers->rings);
	free(newcomers->setting);
	u64_map_free(&newcomers->entered);
	*newcomers = (struct newcomers){0};
}

/* ---- a forked child ---------------------------------------------------------------------- */

/* "START-END rw-s ... PATH": a tool that only reads the ring maps it without the right to write. */
static bool is_own_ring(const struct newcomers *newcomers, const char *line)
{
	const char *path = strchr(line, '/'), *rights = strchr(line, ' ');
	size_t length = strlen(newcomers->rings);

	return path && rights && !strncmp(rights, " rw-s", 5) && !strncmp(path, newcomers->rings, length) &&
	       strstr(path + length, ".ring");
}

static bool has_ring_of_run(const struct newcomers *newcomers, pid_t pid)
{
	char path[64], *line = NULL;
	size_t room = 0;
	bool found = false;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)process_number(pid));
	FILE *maps = fopen(path, "re");
	while (maps && !found && getline(&line, &room, maps) > 0)
		found = is_own_ring(newcomers, line);
	if (maps)
		fclose(maps);
	free(line);
	return found;
}

/* ---- an image that exec has entered -------------------------------------------------------- */

/* NULL: it cannot be read. */
static char *read_environment(pid_t pid, size_t *length)
{
	char path[64], *text = NULL;
	size_t room = 0;
	ssize_t got;

	*length = 0;
	snprintf(path, sizeof path, "/proc/%d/environ", (int)process_number(pid));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	do {
		GROW(text, room, *length + 4097);
		got = read(fd, text + *length, room - *length - 1);
		*length += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	close(fd);
	text[*length] = '\0';
	return text;
}

static const char *variable_of(const char *environment, size_t length, const char *name)
{
	size_t name_length = strlen(name);

	for (const char *at = environment; at < environment + length; at += strlen(at) + 1)
		if (!strncmp(at, name, name_length) && at[name_length] == '=')
			return at + name_length + 1;
	return NULL;
}

/* True if "key=value:key=value" has the setting. */
static bool has_setting(const char *ringtail, const char *setting)
{
	size_t length = strlen(setting);

	for (const char *at = ringtail; (at = strstr(at, setting)); at++)
		if ((at == ringtail || at[-1] == ':') && (!at[length] || at[length] == ':'))
			return true;
	return false;
}

static bool is_told_to_record(const struct newcomers *newcomers, const char *environment, size_t length)
{
	const char *preload = variable_of(environment, length, "LD_PRELOAD");
	const char *ringtail = variable_of(environment, length, "RINGTAIL");

	return preload && ringtail && strstr(preload, LIBRARY) && has_setting(ringtail, newcomers->setting);
}

/* False for static programs and programs of another libc: they inherit the environment, and never begin a ring. */
static bool can_record(pid_t pid)
{
	char exe[64];

	snprintf(exe, sizeof exe, "/proc/%d/exe", (int)process_number(pid));
	return watchable_look(exe, NULL, 0) == WATCHABLE;
}

/* True if exec has given the process its new memory, and the environment cannot be read there yet. */
static bool is_within_exec(pid_t pid)
{
	char exe[64], target[8];
	struct process_stat stat;

	snprintf(exe, sizeof exe, "/proc/%d/exe", (int)process_number(pid));
	return process_stat(pid, 0, &stat) && !stat.environment && readlink(exe, target, sizeof target) > 0;
}

static bool has_entered_image(const struct newcomers *newcomers, pid_t pid)
{
	size_t length;
	char *environment = read_environment(pid, &length);
	bool told = length ? is_told_to_record(newcomers, environment, length) && can_record(pid)
	                   : environment && is_within_exec(pid);

	free(environment);
	return told;
}

static bool is_still_awaited(struct newcomers *newcomers, pid_t pid, uint64_t start, uint64_t now)
{
	uint64_t key = u64_mix((uint64_t)pid) ^ start, met = u64_map_get(&newcomers->entered, key);

	if (!met)
		u64_map_put(&newcomers->entered, key, met = now);
	return now - met < BEGIN_WITHIN;
}

/* ---- all processes --------------------------------------------------------------------------- */

static bool is_same_program(pid_t pid)
{
	char path[64], ours[PATH_MAX], theirs[PATH_MAX];

	snprintf(path, sizeof path, "/proc/%d/exe", (int)process_number(pid));
	ssize_t our_length = readlink("/proc/self/exe", ours, sizeof ours);
	ssize_t their_length = readlink(path, theirs, sizeof theirs);
	return our_length > 0 && our_length == their_length && !memcmp(ours, theirs, (size_t)our_length);
}

/* A child of this process that stores a snapshot has its mappings, and the tracer of data races writes to the header of
 * its process's ring.  Neither is a newcomer: the tracer ends with that process. */
static bool is_helper(const struct newcomers *newcomers, pid_t pid)
{
	bool ours = pid != newcomers->command && process_parent(pid) == getpid() && is_same_program(pid);

	return ours || process_is_named(pid, RT_RACES_TOOL);
}

/* The last number in a small file of /proc; 0: not known. */
static unsigned long last_number(const char *path)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	const char *last = strrchr(text, ' ');
	return strtoul(last ? last : text, NULL, 10);
}

/* The id that the kernel gave last, to a thread or a process. */
static unsigned long last_pid(void) { return last_number("/proc/loadavg"); }

/* The kernel gives pids in turn.  If the command is so young that the numbers cannot have begun again since, a pid
 * tells whether its process can be younger.  Asking each process would cost more than all else at the end of a short
 * run. */
static bool pids_tell_age(const struct newcomers *newcomers)
{
	unsigned long processors = (unsigned long)sysconf(_SC_NPROCESSORS_ONLN),
	              ticks = (unsigned long)sysconf(_SC_CLK_TCK);
	uint64_t age = ring_clock_ns(CLOCK_BOOTTIME) - newcomers->since * (UINT64_C(1000000000) / ticks);

	return newcomers->since && age / TASK_NS * processors < last_number("/proc/sys/kernel/pid_max");
}

struct census {
	unsigned long last; /* the id that was given last; 0: pids do not tell ages */
	unsigned newcomers;
	bool gone;             /* a process was listed and had ended before it was examined */
	struct u64_map looked; /* pids of processes that are no newcomers, and never become one */
};

static bool may_be_younger(const struct newcomers *newcomers, pid_t pid, const struct census *census)
{
	unsigned long number = (unsigned long)pid, first = (unsigned long)newcomers->command, last = census->last;

	if (!last)
		return true;
	return first <= last ? number >= first && number <= last : number >= first || number <= last;
}

/* Its process has ended, perhaps only now.  The pid is not given again while pids tell the age. */
static void forget_pid(struct census *census, pid_t pid)
{
	u64_map_put(&census->looked, (uint64_t)pid, 1);
	census->gone = true;
}

static void look_at(struct newcomers *newcomers, pid_t pid, uint64_t now, struct census *census)
{
	struct process_stat stat = {0};

	if (!may_be_younger(newcomers, pid, census) || u64_map_get(&census->looked, (uint64_t)pid) || pid == getpid())
		return;
	u64_map_put(&census->looked, (uint64_t)pid, 1);
	bool there = process_stat(pid, 0, &stat);
	if (there && stat.start < newcomers->since)
		return;
	if (!there || !process_alive(pid, stat.start))
		census->gone = true;
	/* In this order: a child that execs between the two checks has the ring mapped before, and the environment
	 * after. */
	else if (has_ring_of_run(newcomers, pid))
		census->newcomers += !is_helper(newcomers, pid);
	else
		census->newcomers +=
		    has_entered_image(newcomers, pid) && is_still_awaited(newcomers, pid, stat.start, now);
}

static pid_t *list_processes(size_t *count)
{
	struct dirent *entry;
	pid_t *pids = NULL;
	size_t room = 0;
	DIR *processes = opendir("/proc");

	*count = 0;
	while (processes && (entry = readdir(processes))) {
		GROW(pids, room, *count + 1);
		pids[*count] = process_here((pid_t)atoi(entry->d_name));
		*count += pids[*count] > 0;
	}
	if (processes)
		closedir(processes);
	return pids;
}

/* True if a process has this pid.  A thread is none.  *known: false where the kernel does not say. */
static bool is_process(pid_t pid, bool *known)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	*known = fd >= 0 || errno == ESRCH || errno == EINVAL || errno == ENOENT;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The processes with pids from the command's to the one that was given last.  A machine may have thousands of
 * processes, and a short run sees a few pids given: asking the kernel for each of these costs less than the list.
 * False: there are too many pids, or the kernel does not say. */
static bool list_younger(const struct newcomers *newcomers, struct census *census, pid_t **pids, size_t *count)
{
	pid_t first = newcomers->command, last = (pid_t)census->last;
	size_t room = 0;
	bool known = true;

	*pids = NULL;
	*count = 0;
	if (!census->last || last < first || last - first >= YOUNGER_MOST)
		return false;
	for (pid_t pid = first; pid <= last && known; pid++) {
		if (u64_map_get(&census->looked, (uint64_t)pid))
			continue;
		GROW(*pids, room, *count + 1);
		(*pids)[*count] = pid;
		if (is_process(pid, &known))
			++*count;
		else
			forget_pid(census, pid);
	}
	return known;
}

static void take_census(struct newcomers *newcomers, uint64_t now, struct census *census)
{
	size_t count;
	pid_t *pids;

	census->gone = false;
	census->last = pids_tell_age(newcomers) ? last_pid() : 0;
	if (!list_younger(newcomers, census, &pids, &count)) {
		free(pids);
		pids = list_processes(&count);
		census->last = census->last ? last_pid() : 0; /* read after the list, so no pid in it was given later */
	}
	for (size_t i = 0; i < count; i++)
		look_at(newcomers, pids[i], now, census);
	free(pids);
}

/* Processes are examined in the order of pids, and a child has a higher pid than its parent.  So if a parent ends
 * meanwhile, it or its child is examined, unless pids have begun again.  If a process had ended before it was examined,
 * its child may exist by then: the examination is repeated. */
unsigned newcomers_count(struct newcomers *newcomers, uint64_t now)
{
	struct census census = {0};
	unsigned long before = last_pid(), after;

	for (unsigned looks = 0; newcomers->rings && newcomers->setting && looks < LOOKS; looks++) {
		take_census(newcomers, now, &census);
		after = last_pid();
		if (census.newcomers || after == before || (after > before && !census.gone))
			break;
		if (after < before)
			u64_map_free(&census.looked); /* in the next census the same pids may be other processes' */
		before = after;
	}
	u64_map_free(&census.looked);
	return census.newcomers;
}
