/*
 * The life of the process.
 *
 * (1) Boot, once per address space: the first hooked call, which may come from the loader before any constructor
 *     has run, looks up the real functions, reads the options and registers the last exit handler.  dlsym may
 *     allocate: whoever calls malloc meanwhile in the booting thread gets memory of the bootstrap heap.  Other
 *     threads (there are none in practice) wait.
 *
 * (2) Begin, once per process: creates the ring file.  All that must not survive a fork - `process` and every
 *     thread's state - lies in pages that the kernel wipes in a forked child.  So a child of fork, _Fork, clone or of
 *     a fork within a signal handler finds PROCESS_NEW and no thread state at its next hooked call, and begins a
 *     ring of its own, at the same address.  It never writes events to its parent's: the only way there is through a lane.
 *     No atfork handler is needed, and a child that execs at once costs nothing.
 *     vfork and clone(CLONE_VM) children run in the parent's memory and on its thread's state: what they record
 *     counts as the parent's; exec and exit in them are told apart by the process id.
 *
 * (3) Failure to begin (no directory, no space, no memory) is PROCESS_OFF: one line on standard error, every hook
 *     calls the real function, and nothing else happens.  Where a sanitizer is in the process (sanitizer.h), boot
 *     ends before its first call into libc but the look-ups, and there is no `process` at all: the same for good.
 *
 * (4) The end: on_exit handlers run in reverse order; ours, registered first of all, runs after every destructor
 *     and atexit handler.  _exit, quick_exit, abort and exec are hooked.  There the process waits for the leak scan
 *     (scan.h), unless it aborts.  Events after any of these are recorded
 *     like others: calls after the end are normal.  SIGKILL leaves RT_END_RUNNING and a dead pid.
 *
 * (5) Threads: see thread.h.  Signals: any hook may be interrupted at any instruction; see ring.h and stack.h for why
 *     that does no harm.
 *
 * (6) Locks: none but one, held while the ring's mapping grows or the limit of address space changes (address_space.h):
 *     for a few system calls, signals held back.  Loops that wait for another thread: (1), (2), that one, and a writer
 *     waiting for a live reader (ring.c).  None is entered holding anything, and the thread waited for needs nothing that
 *     the waiter has.
 *
 * (7) Descriptors: the ring file's is closed as soon as it is mapped, so there is none to trip over or to lose.
 */
#include "shim/process.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "shim/address_space.h"
#include "shim/clock.h"
#include "shim/confirm.h"
#include "shim/hold.h"
#include "shim/modules.h"
#include "shim/options.h"
#include "shim/resolve.h"
#include "shim/ring_copy.h"
#include "shim/ring_map.h"
#include "shim/sanitizer.h"
#include "shim/scan.h"
#include "shim/stack_table.h"
#include "shim/sys.h"
#include "shim/thread.h"

#define CHUNK_BYTES (64u << 10)
#define CHUNKS_LEAST 4u
#define DISK_SHARE   4u /* one part in so many */

struct process *process;
bool sys_restricted, sys_filtered;
struct text_range shim_range, loader_range;

extern void *__libc_stack_end;
int __cxa_at_quick_exit(void (*handler)(void *), void *dso); /* what at_quick_exit of a library is made of */

static uint32_t boot_state; /* 0, 1 while booting, 2 */
static __thread bool starting;
static struct file_identity stderr_identity; /* without a device: there was none at the start */
static char environment[SHIM_PATH_MAX + 256]; /* RINGTAIL=... for programs started from here */

/* ---- small things ----------------------------------------------------------------- */

static char *append(char *at, char *end, const char *text)
{
	while (at < end - 1 && *text)
		*at++ = *text++;
	*at = '\0';
	return at;
}

static char *append_number(char *at, char *end, uint64_t number)
{
	char digits[24], *first = digits + sizeof digits - 1;
	*first = '\0';
	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	return append(at, end, first);
}

void process_say(const char *what, const char *detail)
{
	static const char *said[8];
	char line[512], *at = line, *end = line + sizeof line - 1;

	for (unsigned i = 0; i < 8; i++) {
		if (load_relaxed(&said[i]) == what)
			return;
		if (!said[i] && cas_acq_rel(&said[i], NULL, what))
			break;
	}
	if (!stderr_identity.device || !sys_is_file(2, &stderr_identity))
		return; /* the program has closed it or put something else in its place */
	at = append(at, end, "ringtail: ");
	at = append(at, end, what);
	if (detail) {
		at = append(at, end, ": ");
		at = append(at, end, detail);
	}
	at = append(at, line + sizeof line, "\n");
	hold_write(2, line, (size_t)(at - line));
}

bool process_is_ours(void)
{
	return process && load_acquire(&process->state) == PROCESS_RECORDING &&
	       (sys_restricted || process->pid == sys_getpid());
}

bool process_starting(void) { return starting; }

/* Also in a forked child that has not begun a ring of its own. */
const char *process_environment(void) { return environment[0] ? environment : NULL; }

/* ---- what the kernel left on the stack ---------------------------------------------- */

/* argc stands at the stack's end, argv and envp follow.  libc's environ is not set yet when the loader calls us. */
static char **initial_arguments(long *count)
{
	long *stack = __libc_stack_end;
	*count = stack ? *stack : 0;
	return (char **)(stack + 1);
}

static const char *initial_variable(const char *name)
{
	long count;
	char **variable = initial_arguments(&count) + count + 1;
	size_t length = strlen(name);
	for (; count && *variable; variable++)
		if (!strncmp(*variable, name, length) && (*variable)[length] == '=')
			return *variable + length + 1;
	return NULL;
}

/* ---- the run directory ----------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* DIRECTORY/ringtail.EXE.PID, made; false when that cannot be. */
static bool make_run_under(const char *directory, const char *exe)
{
	char *end = options.run + sizeof options.run;
	char *at = append(options.run, end, directory);
	at = append(at, end, "/ringtail.");
	at = append(at, end, base_name(exe));
	at = append(at, end, ".");
	at = append_number(at, end, (uint64_t)sys_getpid());
	long made = sys_mkdir(options.run, 0700);
	for (unsigned again = 2; made == -EEXIST && again < 100; again++) {
		append_number(append(at, end, "."), end, again);
		made = sys_mkdir(options.run, 0700);
	}
	if (made < 0)
		options.run[0] = '\0';
	return made == 0;
}

static bool make_run(const char *exe)
{
	char here[SHIM_PATH_MAX];
	const char *elsewhere = initial_variable("TMPDIR");
	if (sys_getcwd(here, sizeof here) > 0 && here[0] == '/' && make_run_under(here, exe))
		return true;
	if ((elsewhere && elsewhere[0] == '/' && make_run_under(elsewhere, exe)) || make_run_under("/tmp", exe)) {
		process_say("the current directory cannot be written to; recording into", options.run);
		return true;
	}
	return false;
}

/* Named by the user, perhaps relative to where the program was started.  A live reader has made it: where it is not, as in
 * a sandbox with a /tmp of its own, one of that name would be another directory, in which the reader finds nothing. */
static bool use_run(void)
{
	char relative[SHIM_PATH_MAX];
	if (options.live)
		return sys_call6(SYS_faccessat, AT_FDCWD, (long)options.run, 0 /* F_OK */, 0, 0, 0) != -ENOENT;
	if (options.run[0] != '/') {
		memcpy(relative, options.run, sizeof relative);
		if (sys_getcwd(options.run, sizeof options.run) <= 0)
			return false;
		char *end = options.run + sizeof options.run;
		char *at = append(options.run + strlen(options.run), end, "/");
		append(at, end, relative);
	}
	long made = sys_mkdir(options.run, 0700);
	return made == 0 || made == -EEXIST;
}

static char *append_protected(char *at, char *end, const char *text)
{
	for (; *text && at < end - 2; text++) {
		if (*text == ':' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at = '\0';
	return at;
}

static void name_run_for_children(void)
{
	const char *given = initial_variable("RINGTAIL");
	char *end = environment + sizeof environment;
	char *at = append(environment, end, "RINGTAIL=");
	if (given && *given)
		at = append(append(at, end, given), end, ":");
	append_protected(append(at, end, "run="), end, options.run);
}

/* ---- the ring file ------------------------------------------------------------------------ */

struct layout {
	uint64_t modules, pcs, nodes, chunks, bytes;
	uint32_t module_count, chunk_count;
	unsigned pc_levels, node_levels;
};

static uint64_t round_up(uint64_t n, uint64_t to) { return (n + to - 1) & ~(to - 1); }
static uint64_t page_up(uint64_t n) { return round_up(n, 4096); }

/* Each part is mapped by itself, at a place that is a multiple of whatever the machine's pages are. */
static struct layout lay_out_tables(uint32_t modules, unsigned pc_levels, unsigned node_levels)
{
	struct layout l = {.module_count = modules, .pc_levels = pc_levels, .node_levels = node_levels};
	l.modules = RT_HEADER_BYTES;
	l.pcs = round_up(l.modules + modules * sizeof(struct rt_module), CHUNK_BYTES);
	l.nodes = round_up(l.pcs + stack_table_pcs(pc_levels) * sizeof(struct rt_pc), CHUNK_BYTES);
	l.chunks = round_up(l.nodes + stack_table_nodes(node_levels) * sizeof(uint64_t), CHUNK_BYTES);
	return l;
}

static uint64_t limit_of(int resource)
{
	struct rlimit limit;
	return sys_getrlimit(resource, &limit) || limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

/* Bytes that the file may take.  The tool that a program starts at its end has the same limits and maps the file whole;
 * growing past the limit of files would be SIGXFSZ. */
static uint64_t bytes_allowed(void)
{
	uint64_t memory = limit_of(RLIMIT_AS), file = limit_of(RLIMIT_FSIZE);
	uint64_t share = memory == UINT64_MAX ? memory : memory / 4;
	return share < file ? share : file;
}

/* Half for the tables at most, the rest for chunks. */
static struct layout lay_out(uint64_t allowed)
{
	struct layout l = lay_out_tables(MODULES_MOST, PC_LEVELS, NODE_LEVELS);
	for (unsigned less = 1; l.chunks > allowed / 2 && NODE_LEVELS - less >= LEVELS_LEAST; less++) {
		unsigned pc_levels = PC_LEVELS - less > LEVELS_LEAST ? PC_LEVELS - less : LEVELS_LEAST;
		l = lay_out_tables(MODULES_LEAST, pc_levels, NODE_LEVELS - less);
	}
	uint64_t room = allowed > l.chunks ? (allowed - l.chunks) / CHUNK_BYTES : 0;
	uint64_t wanted = options.max / CHUNK_BYTES;
	if (wanted > UINT32_MAX / 2)
		wanted = UINT32_MAX / 2;
	l.chunk_count = (uint32_t)(wanted < room ? wanted : room);
	l.bytes = l.chunks + (uint64_t)l.chunk_count * CHUNK_BYTES;
	return l;
}

/* RUN/PID.IMAGE, and the suffix. */
static void name_ring(char *to, size_t room, uint32_t pid, uint32_t image)
{
	char *end = to + room;
	char *at = append(append(to, end, options.run), end, "/");
	at = append(append_number(at, end, pid), end, ".");
	append(append_number(at, end, image), end, RT_RING_SUFFIX);
}

void process_ring_path(char *to, size_t room) { name_ring(to, room, process->header->pid, process->header->image); }

static int create_file(char *path, size_t room, uint32_t *image)
{
	for (*image = 0; *image < 100000; ++*image) {
		name_ring(path, room, (uint32_t)sys_getpid(), *image);
		long fd = sys_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd != -EEXIST)
			return (int)fd;
	}
	return -EEXIST;
}

/* Of what is free there, chunks take a part: the program may write to the same disk, and the results go there. */
static void spare_disk(struct layout *layout, int fd)
{
	struct statfs disk;

	if (sys_call3(SYS_fstatfs, fd, &disk, 0) < 0 || !disk.f_blocks) /* some file systems do not say */
		return;
	uint64_t most = disk.f_bavail * (uint64_t)disk.f_bsize / DISK_SHARE / CHUNK_BYTES;
	if (most < CHUNKS_LEAST)
		most = CHUNKS_LEAST;
	if (layout->chunk_count > most)
		layout->chunk_count = (uint32_t)most;
	layout->bytes = layout->chunks + (uint64_t)layout->chunk_count * CHUNK_BYTES;
}

/* The largest that the limits of the process allow. */
static unsigned char *map_ring(int fd, struct layout *layout)
{
	for (*layout = lay_out(bytes_allowed()); layout->chunk_count >= CHUNKS_LEAST;
	     *layout = lay_out(layout->bytes / 2)) {
		spare_disk(layout, fd);
		if (sys_ftruncate(fd, layout->bytes) < 0)
			continue;
		unsigned char *base = ring_map(fd, (const struct ring_part[RING_PARTS]){
		                                   {0, CHUNK_BYTES, layout->pcs},
		                                   {layout->pcs, page_up(stack_table_pcs(1) * sizeof(struct rt_pc)),
		                                    layout->nodes - layout->pcs},
		                                   {layout->nodes, page_up(stack_table_nodes(1) * sizeof(uint64_t)),
		                                    layout->chunks - layout->nodes},
		                                   {layout->chunks, CHUNK_BYTES, layout->bytes - layout->chunks}});
		if (base)
			return base;
	}
	return NULL;
}

static size_t read_file(const char *path, char *to, size_t room)
{
	long fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	long got = sys_read((int)fd, to, room - 1);
	sys_close((int)fd);
	to[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

/* Field 22 of /proc/self/stat, counted from after the name, which may hold anything. */
static uint64_t process_start_time(void)
{
	char text[1024];
	if (!read_file("/proc/self/stat", text, sizeof text))
		return 0;
	char *at = strrchr(text, ')');
	for (unsigned field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	uint64_t start = 0;
	for (at = at ? at + 1 : text; *at >= '0' && *at <= '9'; at++)
		start = start * 10 + (uint64_t)(*at - '0');
	return start;
}

/* "pid:[4026531836]".  By itself a process is found in each /proc, whatever namespace that is of; by its number it is not.  The link is
 * a thread's: the first one, which "self" is, may have ended. */
uint32_t process_space(const char *link)
{
	char text[64] = "";
	uint32_t space = 0;

	sys_readlink(link, text, sizeof text - 1);
	for (const char *at = strchr(text, '['); at && *++at >= '0' && *at <= '9';)
		space = space * 10 + (uint32_t)(*at - '0');
	return space;
}

static bool is_filtered(void)
{
	char text[4096];
	return read_file("/proc/self/status", text, sizeof text) && strstr(text, "\nSeccomp:\t2");
}

static void find_exe(char *to, size_t room)
{
	long length = sys_readlink("/proc/self/exe", to, room - 1);
	if (length > 0) {
		to[length] = '\0';
		return;
	}
	const char *name = (const char *)getauxval(AT_EXECFN);
	append(to, to + room, name ? name : "unknown");
}

/* Read once, at the start: a program may change its argv later, to NULL even, and its forked children write headers
 * too. */
static struct {
	char text[RT_COMMAND_MAX];
	uint32_t bytes, truncated;
} command;

static void read_command(void)
{
	long count;
	char **arguments = initial_arguments(&count);
	for (long i = 0; i < count; i++) {
		size_t length = strlen(arguments[i]) + 1;
		if (length > sizeof command.text - command.bytes) {
			command.truncated = 1;
			return;
		}
		memcpy(command.text + command.bytes, arguments[i], length);
		command.bytes += (uint32_t)length;
	}
}

static void write_command(struct rt_header *header)
{
	memcpy(header->command, command.text, command.bytes);
	header->command_bytes = command.bytes;
	header->command_truncated = command.truncated;
}

static uint32_t least(uint64_t a, uint32_t b) { return a < b ? (uint32_t)a : b; }

static void write_layout(struct rt_header *header, const struct layout *layout)
{
	header->file_bytes = layout->bytes;
	header->modules = (struct rt_table){layout->modules, layout->module_count};
	header->pcs = (struct rt_table){layout->pcs, stack_table_pcs(layout->pc_levels)};
	header->nodes = (struct rt_table){layout->nodes, stack_table_nodes(layout->node_levels)};
	header->chunks_offset = layout->chunks;
	header->chunk_bytes = CHUNK_BYTES;
	header->chunk_count = layout->chunk_count;
	header->chunk_live_count = least(options.live_max / CHUNK_BYTES, layout->chunk_count);
	header->chunk_keep_count = least(options.keep / CHUNK_BYTES, header->chunk_live_count);
	if (header->chunk_live_count < CHUNKS_LEAST)
		header->chunk_live_count = CHUNKS_LEAST;
}

static void write_options(struct rt_header *header)
{
	header->depth = (uint32_t)options.depth;
	header->stacks = options.stacks;
	header->on_full = options.on_full;
	header->live = options.live;
	header->watch = (options.heap ? RT_WATCH_HEAP : 0) | (options.locks ? RT_WATCH_LOCKS : 0) |
	                (options.mmap ? RT_WATCH_MMAP : 0);
	header->scan_wait = options.scan ? least(options.scan_wait, UINT32_MAX) : 0;
}

/* Ordinary memory, so that a forked child finds what its parent left. */
static bool begun_before;

static void write_header(struct rt_header *header, const struct layout *layout, uint32_t image, const char *exe)
{
	memcpy(header->magic, RT_MAGIC, sizeof header->magic);
	header->version = RT_FORMAT_VERSION;
	header->header_bytes = RT_HEADER_BYTES;
	header->arch = RT_ARCH_OWN;
	header->page_bytes = 4096;
	header->pid = (uint32_t)sys_getpid();
	header->parent = (uint32_t)sys_getppid();
	header->image = image;
	header->forked = begun_before;
	begun_before = true;
	header->realtime_ns = clock_ns(CLOCK_REALTIME);
	header->process_start = process_start_time();
	header->pid_space = process_space("/proc/thread-self/ns/pid");
	header->clock = rt_clock_is_counter ? RT_CLOCK_TSC : RT_CLOCK_MONOTONIC_RAW;
	header->clock_start = header->clock_latest = clock_pair();
	size_t id = read_file("/proc/sys/kernel/random/boot_id", (char *)header->boot_id, sizeof header->boot_id);
	if (id && header->boot_id[id - 1] == '\n')
		header->boot_id[id - 1] = '\0';
	write_layout(header, layout);
	write_options(header);
	append(header->exe, header->exe + sizeof header->exe, exe);
	write_command(header);
	store_release(&header->ready, 1);
}

static void use_mapping(unsigned char *base, const struct layout *layout)
{
	process->pid = sys_getpid();
	process->base = base;
	process->header = (struct rt_header *)base;
	process->modules = (struct rt_module *)(base + layout->modules);
	process->pcs = (struct rt_pc *)(base + layout->pcs);
	process->nodes = (uint64_t *)(base + layout->nodes);
	process->pc_levels = layout->pc_levels;
	process->node_levels = layout->node_levels;
	process->chunks_there = layout->chunk_count;
	process->hand = UINT32_MAX - 2; /* every long run wraps */
}

/* A reader that leaves gives its lock on the directory up first (tools/live/presence.h, P1 and P2). */
static bool run_has_reader(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	long fd = sys_open(options.run, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd < 0)
		return true; /* that is not known */
	long error = sys_call3(SYS_fcntl, fd, F_GETLK, &lock);
	sys_close((int)fd);
	return error < 0 || lock.l_type != F_UNLCK;
}

static bool create_ring(void)
{
	char exe[RT_PATH_MAX], path[RING_PATH_BYTES];
	struct layout layout;
	uint32_t image;

	find_exe(exe, sizeof exe);
	bool there = options.run[0] ? use_run() : make_run(exe);
	if (!there && options.live) { /* `ringtail run` has made it */
		process_say("this program is not watched: there is no such directory where it runs (a sandbox with other files?)",
		            options.run);
		return false;
	}
	if (!there) {
		process_say("this program is not watched: no directory to record into; name one with RINGTAIL=run=DIR",
		            NULL);
		return false;
	}
	int fd = create_file(path, sizeof path, &image);
	if (fd < 0) {
		process_say("this program is not watched: cannot create a file in", options.run);
		return false;
	}
	unsigned char *base = map_ring(fd, &layout);
	ring_copy_start(fd);
	sys_close(fd);
	if (!base || !sys_populate(base, RT_HEADER_BYTES)) {
		sys_unlink(path);
		process_say("this program is not watched: no room (memory or file size limit, or full disk) for a ring in",
		            options.run);
		return false;
	}
	use_mapping(base, &layout);
	write_header(process->header, &layout, image, exe);
	if (options.live && options.locked && !run_has_reader())
		store_release(&process->header->reader_left, 1u);
	return true;
}

/* ---- boot and begin ------------------------------------------------------------------------ */

static void at_exit(int status, void *unused)
{
	process_end(RT_END_EXIT, status);
	scan_at_end(HOLD_END);
}

/* The status is known to the hook, which came first. */
static void at_quick_exit_end(void *unused) { scan_at_end(HOLD_END); }

static void do_boot(void)
{
	address_space_start_up();
	resolve_all();
	sys_identify(2, &stderr_identity);
	const char *sanitizer = sanitizer_here();
	if (sanitizer) {
		process_say("this program is not watched, as it runs with a sanitizer", sanitizer);
		return;
	}
	sys_filtered = is_filtered();
	read_command();
	const char *bad = options_parse(initial_variable("RINGTAIL"));
	if (bad)
		process_say("RINGTAIL has a key or value that is not understood, and goes on without it", bad);
	clock_choose();
	confirm_start_up();
	modules_start_up();
	resolve_front();
	thread_start_up();
	on_exit(at_exit, NULL);
	__cxa_at_quick_exit(at_quick_exit_end, NULL);
	address_space_take(4096);
	process = sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (process)
		sys_madvise(process, 4096, MADV_WIPEONFORK);
}

static bool boot(void)
{
	if (cas_acq_rel(&boot_state, 0, 1)) {
		starting = true;
		do_boot();
		starting = false;
		store_release(&boot_state, 2);
		return true;
	}
	while (load_acquire(&boot_state) != 2)
		sys_yield();
	return true;
}

static bool begin(void)
{
	if (cas_acq_rel(&process->state, PROCESS_NEW, PROCESS_STARTING)) {
		if (sys_restricted) { /* a forked child without the right to make a file */
			store_release(&process->state, PROCESS_OFF);
			return false;
		}
		process->starter = sys_gettid();
		bool created = create_ring();
		if (created)
			name_run_for_children();
		store_release(&process->state, created ? PROCESS_RECORDING : PROCESS_OFF);
		return created;
	}
	while (load_acquire(&process->state) == PROCESS_STARTING) {
		if (process->starter == sys_gettid())
			return false; /* a signal handler of the thread that creates the ring */
		sys_yield();
	}
	return load_acquire(&process->state) == PROCESS_RECORDING;
}

bool process_ready(void)
{
	if (starting)
		return false;
	if (unlikely(load_acquire(&boot_state) != 2))
		boot();
	if (unlikely(!process))
		return false;
	uint32_t state = load_acquire(&process->state);
	if (likely(state == PROCESS_RECORDING))
		return true;
	return state == PROCESS_OFF ? false : begin();
}

bool process_names_run(const char *variable)
{
	return !strncmp(variable, "RINGTAIL=", 9) && strstr(variable + 9, "run=/");
}

/* Programs that this one starts through libc's own system() and popen() take their environment from here.  Not
 * setenv: that would allocate in the program's heap. */
static void extend_environment(void)
{
	static char *block[4096];
	size_t count = 0;
	if (!process_environment() || !environ)
		return;
	for (; environ[count]; count++)
		if (process_names_run(environ[count]))
			return;
	if (count + 2 > sizeof block / sizeof *block)
		return; /* only exec through a hook will tell them */
	size_t used = 0;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], "RINGTAIL=", 9))
			block[used++] = environ[i];
	block[used++] = environment;
	block[used] = NULL;
	environ = block;
}

__attribute__((constructor)) static void construct(void)
{
	if (process_ready())
		extend_environment();
	operators_start_up();
}

/* ---- the end ---------------------------------------------------------------------------------- */

static void record_exit(enum rt_end_how how, int status)
{
	struct thread *self = thread_self();
	if (!self)
		return;
	unsigned lane = thread_enter(self, (uintptr_t)__builtin_frame_address(0));
	if (lane < RING_LANES)
		ring_write(self, &self->lanes[lane], RT_EXIT, 2, rt_word1((uint32_t)status, how), 0, 0);
	thread_leave(self, lane);
}

void process_end(enum rt_end_how how, int status)
{
	if (!process_is_ours())
		return;
	struct rt_header *header = process->header;
	if (how != RT_END_RUNNING && how != RT_END_EXEC)
		record_exit(how, status);
	if (thread_self()) /* else the clock may be out of reach */
		header->clock_latest = clock_pair();
	header->end_stamp = header->clock_latest.ticks;
	header->end_status = status;
	store_release(&header->end_how, how);
	if (how == RT_END_RUNNING)
		scan_not_the_end();
}
