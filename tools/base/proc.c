#include "tools/base/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/base/memory.h"

static bool read_small(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, room - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	return true;
}

/* The number behind `name` at the start of a line. */
static bool number_after(const char *text, const char *name, int base, uint64_t *number)
{
	const char *at = strstr(text, name);

	if (at)
		*number = strtoull(at + strlen(name), NULL, base);
	return at != NULL;
}

/* ---- numbers ----------------------------------------------------------------------------- */

#define LEVELS_MOST 32u /* as many as PID namespaces can be nested */

static bool read_status(pid_t number, char *text, size_t room)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/status", (int)number);
	return read_small(path, text, room);
}

/* All ids of a thread, from the id in /proc's PID namespace to the id in the thread's own.  Returns their number. */
static unsigned numbers_of(const char *status, pid_t numbers[LEVELS_MOST])
{
	const char *at = strstr(status, "\nNSpid:");
	unsigned count = 0;
	char *end;

	for (at = at ? at + strlen("\nNSpid:") : "\n"; *at != '\n' && count < LEVELS_MOST; at = end) {
		long number = strtol(at, &end, 10);
		if (end == at)
			break;
		numbers[count++] = (pid_t)number;
	}
	return count;
}

static uint32_t namespace_of(const char *process)
{
	char path[64], text[64];

	snprintf(path, sizeof path, "/proc/%s/ns/pid", process);
	ssize_t length = readlink(path, text, sizeof text - 1);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	const char *digits = strchr(text, '[');
	return digits ? (uint32_t)strtoul(digits + 1, NULL, 10) : 0;
}

uint32_t process_namespace(void)
{
	static uint32_t own;

	if (!own)
		own = namespace_of("self");
	return own;
}

/* How many PID namespaces /proc's namespace is outside of this process's: 0 as a rule; -1: there is no /proc, or this
 * process is not in it. */
static int proc_distance(void)
{
	static bool known;
	static int distance;
	char text[4096];
	pid_t numbers[LEVELS_MOST];

	if (!known) {
		distance = read_small("/proc/self/status", text, sizeof text) ? (int)numbers_of(text, numbers) - 1 : -1;
		known = true;
	}
	return distance;
}

bool process_can_see(void) { return proc_distance() >= 0; }

/* The process's id in /proc's namespace, which the kernel prints in the fdinfo of a pidfd. */
static pid_t ask_for_number(pid_t pid)
{
	char path[64], text[4096];
	uint64_t number = 0;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	bool known = read_small(path, text, sizeof text) && number_after(text, "\nPid:\t", 10, &number);
	close(fd);
	return known && number ? (pid_t)number : -1;
}

pid_t process_number(pid_t pid) { return proc_distance() > 0 ? ask_for_number(pid) : pid; }

pid_t process_here(pid_t number)
{
	char text[4096];
	pid_t numbers[LEVELS_MOST];
	int distance = proc_distance();

	if (distance <= 0)
		return number;
	unsigned count = read_status(number, text, sizeof text) ? numbers_of(text, numbers) : 0;
	return count > (unsigned)distance ? numbers[distance] : 0;
}

static pid_t innermost(const char *status, pid_t otherwise)
{
	pid_t numbers[LEVELS_MOST];
	unsigned count = numbers_of(status, numbers);

	return count ? numbers[count - 1] : otherwise;
}

/* ---- single ones --------------------------------------------------------------------------- */

/* The name in field 2 may contain any character, even parentheses and spaces: fields are counted from the last ')'. */
static bool parse_stat(const char *text, struct process_stat *stat)
{
	unsigned long long start, environment_end = 0;
	const char *rest = strrchr(text, ')');

	if (!rest)
		return false;
	if (sscanf(rest + 1,
	           " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d %llu"
	           " %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %*d %*u %*u %*u %*u %*d"
	           " %*u %*u %*u %*u %*u %*u %llu",
	           &stat->state, &stat->threads, &start, &environment_end) < 3)
		return false;
	stat->start = start;
	stat->environment = environment_end != 0;
	return true;
}

/* The id in /proc's namespace of a thread of the process: asks each thread for its id in this process's namespace. */
static pid_t thread_number(pid_t process, pid_t tid)
{
	char path[64];
	struct dirent *entry;
	pid_t found = -1;

	if (proc_distance() <= 0)
		return tid;
	snprintf(path, sizeof path, "/proc/%d/task", (int)process);
	DIR *tasks = opendir(path);
	while (tasks && found < 0 && (entry = readdir(tasks)))
		if (process_here((pid_t)atoi(entry->d_name)) == tid)
			found = (pid_t)atoi(entry->d_name);
	if (tasks)
		closedir(tasks);
	return found;
}

static bool stat_of(pid_t number, pid_t task, struct process_stat *stat)
{
	char path[64], text[1024];

	if (task)
		snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)number, (int)task);
	else
		snprintf(path, sizeof path, "/proc/%d/stat", (int)number);
	return read_small(path, text, sizeof text) && parse_stat(text, stat);
}

bool process_stat(pid_t pid, pid_t tid, struct process_stat *stat)
{
	pid_t number = process_number(pid);

	return stat_of(number, tid ? thread_number(number, tid) : 0, stat);
}

pid_t process_parent(pid_t pid)
{
	char path[64], text[1024];
	int parent = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)process_number(pid));
	const char *rest = read_small(path, text, sizeof text) ? strrchr(text, ')') : NULL;
	return rest && sscanf(rest + 1, " %*c %d", &parent) == 1 ? process_here((pid_t)parent) : 0;
}

static bool names_other(const char *pids, pid_t than)
{
	char *end;

	for (long pid; (pid = strtol(pids, &end, 10)) > 0; pids = end)
		if (pid != than)
			return true;
	return false;
}

bool process_has_children(pid_t pid)
{
	char path[64], text[64]; /* long enough for two ids, and of two, one is another process's */
	struct dirent *entry;
	bool found = false;
	int number = (int)process_number(pid);

	snprintf(path, sizeof path, "/proc/%d/task", number);
	DIR *tasks = opendir(path);
	while (tasks && !found && (entry = readdir(tasks))) {
		snprintf(path, sizeof path, "/proc/%d/task/%d/children", number, atoi(entry->d_name));
		found = read_small(path, text, sizeof text) && names_other(text, process_number(getppid()));
	}
	if (tasks)
		closedir(tasks);
	return found;
}

bool process_reap(pid_t child, int *status)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid ||
	    (info.si_code != CLD_EXITED && info.si_code != CLD_KILLED && info.si_code != CLD_DUMPED))
		return false;
	return waitpid(child, status, WNOHANG) == child;
}

uint64_t process_status_number(pid_t tid, const char *name, int base)
{
	char text[4096], line[64];
	uint64_t number = 0;

	snprintf(line, sizeof line, "\n%s:\t", name);
	if (read_status(process_number(tid), text, sizeof text))
		number_after(text, line, base, &number);
	return number;
}

pid_t process_tracer(pid_t tid) { return (pid_t)process_status_number(tid, "TracerPid", 10); }

bool process_is_named(pid_t pid, const char *name)
{
	char path[64], text[32] = "";

	snprintf(path, sizeof path, "/proc/%d/comm", (int)process_number(pid));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	text[got > 0 ? got - 1 : 0] = '\0'; /* without the newline */
	return !strcmp(text, name);
}

pid_t process_inside(pid_t pid, pid_t tid)
{
	char path[64], text[4096];
	pid_t process = process_number(pid);

	snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)process, (int)thread_number(process, tid));
	return read_small(path, text, sizeof text) ? innermost(text, tid) : tid;
}

static bool read_of_thread(pid_t pid, pid_t tid, const char *name, char *text, size_t room)
{
	char path[64];
	pid_t process = process_number(pid);

	snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)process, (int)thread_number(process, tid), name);
	return read_small(path, text, room);
}

long process_system_call(pid_t pid, pid_t tid)
{
	char text[256], *end;

	if (!read_of_thread(pid, tid, "syscall", text, sizeof text))
		return -1;
	long number = strtol(text, &end, 10);
	return end == text ? -1 : number;
}

/* The number behind "name   :". */
static bool column(const char *text, const char *name, double *number)
{
	const char *at = strstr(text, name);

	at = at ? strchr(at, ':') : NULL;
	return at && sscanf(at + 1, "%lf", number) == 1;
}

/* The state is read last: a thread that sleeps then, and has the same number of context switches as before, has slept
 * all the time. */
bool process_sched(pid_t pid, pid_t tid, struct process_sched *sched)
{
	char text[8192];
	double ran_ms, voluntary;
	char state;

	if (!read_of_thread(pid, tid, "sched", text, sizeof text) || !column(text, "\nse.exec_start", &ran_ms) ||
	    !column(text, "\nnr_voluntary_switches", &voluntary) ||
	    !read_of_thread(pid, tid, "stat", text, sizeof text))
		return false;
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1, " %c", &state) != 1 || (state != 'S' && state != 't'))
		return false;
	for (unsigned i = 3; rest && i <= 39; i++) /* up to field 39; the first field after the name is number 3 */
		rest = strchr(rest + 1, ' ');
	*sched = (struct process_sched){.exec_start = (uint64_t)(ran_ms * 1e6), .voluntary = (uint64_t)voluntary};
	return rest && sscanf(rest, "%d", &sched->processor) == 1;
}

static bool read_task(pid_t process, pid_t number, struct process_task *task)
{
	char path[64], text[4096];
	uint64_t asked = 0, taken = 0;
	const char *state;

	snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)process, (int)number);
	if (!read_small(path, text, sizeof text) || !(state = strstr(text, "\nState:\t")))
		return false;
	number_after(text, "\nvoluntary_ctxt_switches:\t", 10, &asked);
	number_after(text, "\nnonvoluntary_ctxt_switches:\t", 10, &taken);
	task->inside = innermost(text, number);
	task->state = state[8];
	task->switches = asked + taken;
	return true;
}

struct process_task *process_tasks(pid_t pid, size_t *count)
{
	struct process_task *tasks = NULL;
	struct dirent *entry;
	char path[64];
	size_t room = 0;

	*count = 0;
	pid_t process = process_number(pid);
	snprintf(path, sizeof path, "/proc/%d/task", (int)process);
	DIR *directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		GROW(tasks, room, *count + 1);
		*count += read_task(process, (pid_t)atoi(entry->d_name), &tasks[*count]);
	}
	if (directory)
		closedir(directory);
	return tasks;
}

char process_thread_state(pid_t pid, pid_t inside)
{
	size_t count;
	struct process_task *tasks = process_tasks(pid, &count);
	char state = 0;

	for (size_t i = 0; i < count; i++)
		if (tasks[i].inside == inside)
			state = tasks[i].state;
	free(tasks);
	return state;
}

#define SIGNAL(number)  (UINT64_C(1) << ((number)-1))
#define SIGNALS_OF_LIBC (SIGNAL(32) | SIGNAL(33)) /* cancellation and setxid */
/* Faults are raised by the thread's own instructions; a blocked thread executes none. */
#define SIGNALS_OF_FAULTS                                                                                              \
	(SIGNAL(SIGILL) | SIGNAL(SIGTRAP) | SIGNAL(SIGBUS) | SIGNAL(SIGFPE) | SIGNAL(SIGSEGV) | SIGNAL(SIGSYS))

bool process_handles_signals(pid_t pid)
{
	char text[4096];
	uint64_t caught;

	return !read_status(process_number(pid), text, sizeof text) ||
	       !number_after(text, "\nSigCgt:\t", 16, &caught) || caught & ~(SIGNALS_OF_LIBC | SIGNALS_OF_FAULTS);
}

bool process_alive(pid_t pid, uint64_t start)
{
	struct process_stat stat;

	if (pid > 0 && proc_distance() < 0) /* without a /proc that has this process, only kill(pid, 0) can tell */
		return !kill(pid, 0) || errno == EPERM;
	if (pid <= 0 || !process_stat(pid, 0, &stat) || stat.start != start)
		return false;
	if (stat.state == 'Z') /* main may have left by pthread_exit, with other threads going on */
		return stat.threads > 1;
	return stat.state != 'X';
}

/* ---- files that a process has mapped ----------------------------------------------------------- */

#define CERTAIN UINT_MAX

struct mapped_file {
	char path[PATH_MAX]; /* or the end of it, from a slash on */
	dev_t device;        /* 0: not known */
	ino_t inode;
};

/* How many components two paths have in common at their ends. */
static unsigned common_end(const char *one, const char *other)
{
	size_t left = strlen(one), right = strlen(other);
	unsigned components = 0;

	while (left && right && one[left - 1] == other[right - 1]) {
		left--;
		right--;
		components += one[left] == '/';
	}
	return components;
}

/* A path as the kernel writes it for a mapping or a descriptor. */
static void end_path(char *path)
{
	char *deleted;

	path[strcspn(path, "\n")] = '\0';
	deleted = strstr(path, " (deleted)");
	if (deleted)
		*deleted = '\0';
}

/* A line of /proc/PID/maps: how certain it is that it maps this file.  Mounts may give the file another path there, and
 * on overlayfs and btrfs the device and inode in maps differ from those of stat. */
static unsigned likeness_of_mapping(char *line, const struct mapped_file *file)
{
	unsigned major_number, minor_number;
	unsigned long inode;
	char *path = strchr(line, '/');

	if (!path || sscanf(line, "%*s %*s %*s %x:%x %lu", &major_number, &minor_number, &inode) != 3)
		return 0;
	if (file->device && inode == file->inode && makedev(major_number, minor_number) == file->device)
		return CERTAIN;
	end_path(path);
	return common_end(path, file->path);
}

/* 0: the process does not map the file.  *known: false if this process may not read the maps. */
static unsigned likeness_by_maps(pid_t number, const struct mapped_file *file, bool *known)
{
	char path[64], *line = NULL;
	size_t room = 0;
	unsigned most = 0;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)number);
	FILE *maps = fopen(path, "re");
	*known = maps || errno == ENOENT || errno == ESRCH;
	while (maps && most != CERTAIN && getline(&line, &room, maps) > 0) {
		unsigned likeness = likeness_of_mapping(line, file);
		if (likeness > most)
			most = likeness;
	}
	if (maps && ferror(maps))
		*known = false;
	free(line);
	if (maps)
		fclose(maps);
	return most;
}

bool process_maps(pid_t pid, const char *name)
{
	struct mapped_file file = {0};
	bool known;

	snprintf(file.path, sizeof file.path, "/%s", name);
	return likeness_by_maps(process_number(pid), &file, &known) || !known;
}

/* ---- finding one by what it says of itself ---------------------------------------------------- */

static void describe(struct mapped_file *file, int fd)
{
	char link[64];
	struct stat status;

	*file = (struct mapped_file){0};
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (readlink(link, file->path, sizeof file->path - 1) > 0)
		end_path(file->path);
	if (fstat(fd, &status))
		return;
	file->device = status.st_dev;
	file->inode = status.st_ino;
}

/* Id, PID namespace and start time together identify a process.  If one of them is not known, or has another value as
 * seen from here (in another time namespace), the file that the process maps decides. */
static unsigned likeness(const char *number, const struct process_sought *sought, const struct mapped_file *file,
                         struct process_stat *stat)
{
	char status[4096];
	pid_t process = (pid_t)atoi(number);
	uint32_t space;
	bool known;

	if (!read_status(process, status, sizeof status) || innermost(status, process) != sought->inside)
		return 0;
	space = namespace_of(number);
	if ((space && sought->space && space != sought->space) || !stat_of(process, 0, stat))
		return 0;
	if (sought->space && sought->start && stat->start == sought->start)
		return CERTAIN;
	return likeness_by_maps(process, file, &known);
}

/* The process that is most likely the one; 0: there is none, or it is one of two that are as likely. */
static pid_t search(const struct process_sought *sought, uint64_t *start)
{
	struct mapped_file file;
	unsigned most = 0;
	struct dirent *entry;
	pid_t found = 0;
	DIR *processes = opendir("/proc");

	describe(&file, sought->file);
	while (processes && most != CERTAIN && (entry = readdir(processes))) {
		struct process_stat stat;
		bool process = entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
		unsigned like = process ? likeness(entry->d_name, sought, &file, &stat) : 0;

		if (!like || like < most)
			continue;
		found = like > most ? process_here((pid_t)atoi(entry->d_name)) : 0;
		most = like;
		*start = stat.start;
	}
	if (processes)
		closedir(processes);
	return found;
}

pid_t process_find(const struct process_sought *sought, uint64_t *start)
{
	bool ours = sought->space && sought->space == process_namespace();

	*start = sought->start;
	if (ours || proc_distance() < 0 || (!sought->space && sought->start))
		return sought->inside;
	return search(sought, start);
}
