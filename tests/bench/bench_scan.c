/*
 * What a leak scan costs: a program with so many live blocks is read live, as `ringtail run` does, and scanned.
 *
 *   bench_scan LIBRARY [BLOCKS:BYTES]...     LIBRARY: libringtail.so
 *
 * Each block points to the one before it and to any other, so that following pointers misses the caches.  Wall and
 * processor time; the memory is all that the reader had at its peak, the analysis of the heap and the ring's pages
 * included.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/recording/recording.h"
#include "tools/scan/leak_scan.h"
#include "tools/base/clock.h"

#define MIB 1048576.0

/* ---- the program that is looked at ------------------------------------------------------------ */

struct node {
	struct node *any, *before;
};

static struct node *root;

static _Noreturn void be_program(size_t blocks, size_t bytes)
{
	struct node **all = malloc(blocks * sizeof *all);
	uint64_t state = 42;

	for (size_t i = 0; i < blocks; i++) {
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		all[i] = malloc(bytes);
		memset(all[i], 1, bytes);
		*all[i] = (struct node){i ? all[(state >> 33) % i] : NULL, i ? all[i - 1] : NULL};
	}
	root = all[blocks - 1];
	free(all);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}

/* ---- the scan ---------------------------------------------------------------------------------- */

struct watched {
	pid_t pid;
	int out; /* its standard output */
	char directory[64];
	struct recording recording;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void start(struct watched *watched, const char *library, const char *blocks, const char *bytes)
{
	char setting[128];
	int ends[2];

	strcpy(watched->directory, "/tmp/bench_scan.XXXXXX");
	if (!mkdtemp(watched->directory) || pipe(ends))
		fail("bench_scan");
	snprintf(setting, sizeof setting, "run=%s:live=yes", watched->directory);
	watched->out = ends[0];
	watched->pid = fork();
	if (watched->pid)
		return;
	setenv("LD_PRELOAD", library, 1);
	setenv("RINGTAIL", setting, 1);
	dup2(ends[1], STDOUT_FILENO);
	execl("/proc/self/exe", "bench_scan", "program", blocks, bytes, NULL);
	_exit(127);
}

static bool find_ring(const struct watched *watched, char *path, size_t room)
{
	struct dirent *entry;
	bool found = false;
	DIR *directory = opendir(watched->directory);

	while (directory && !found && (entry = readdir(directory))) {
		found = strstr(entry->d_name, ".ring") != NULL;
		snprintf(path, room, "%s/%s", watched->directory, entry->d_name);
	}
	if (directory)
		closedir(directory);
	return found;
}

static void open_ring(struct watched *watched)
{
	char path[512];
	struct error err = {.retry = true};

	for (unsigned tries = 0; tries < 1000 && err.retry; tries++) {
		usleep(10000);
		if (find_ring(watched, path, sizeof path) && recording_open(&watched->recording, path, true, &err))
			return;
	}
	fprintf(stderr, "bench_scan: the program was not recorded: %s\n", err.text);
	exit(1);
}

static void read_until_ready(struct watched *watched)
{
	struct pollfd ready = {.fd = watched->out, .events = POLLIN};
	uint64_t events = 0;

	do
		events = merge_poll(watched->recording.merge, analysis_events, watched->recording.analysis);
	while (events >= MERGE_ROUND_EVENTS || !poll(&ready, 1, 1));
}

static double memory_mib(const char *name)
{
	char line[256];
	double kib = 0;
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof line, status))
		if (!strncmp(line, name, strlen(name)))
			kib = atof(line + strlen(name));
	if (status)
		fclose(status);
	return kib / 1024;
}

static double cpu(void) { return (double)ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9; }

static void look(struct watched *watched, const char *blocks, const char *bytes)
{
	struct leak_snapshot seen;
	struct leak_scan scan;
	struct scan_subject subject = scan_subject_of(&watched->recording);
	double before = memory_mib("VmHWM:"), began = cpu();
	bool good = leak_scan_snapshot(&seen, &scan, &subject, NULL);
	double looked = cpu() - began;

	leak_scan_conclude(&seen, &scan, &subject, NULL);
	printf("%9s blocks of %5s: stopped %6.3f s (%6.3f s processor), in all %6.3f s (%6.3f s), peak %5.0f MiB, "
	       "%4.0f before\n",
	       blocks, bytes, (double)scan.pause_ns / 1e9, looked, (double)scan.whole_ns / 1e9, cpu() - began,
	       memory_mib("VmHWM:"), before);
	if (!good || !scan.done)
		printf("   not done: %s\n", scan.why_not);
	fflush(stdout);
	leak_snapshot_free(&seen);
	leak_scan_free(&scan);
}

static void end(struct watched *watched)
{
	char command[128];

	kill(watched->pid, SIGKILL);
	waitpid(watched->pid, NULL, 0);
	recording_close(&watched->recording);
	snprintf(command, sizeof command, "rm -r %s", watched->directory);
	if (system(command))
		exit(1);
}

static void measure(const char *library, const char *what)
{
	struct watched watched = {0};
	char blocks[32], bytes[32];

	if (sscanf(what, "%31[0-9]:%31[0-9]", blocks, bytes) != 2)
		fail(what);
	start(&watched, library, blocks, bytes);
	open_ring(&watched);
	read_until_ready(&watched);
	look(&watched, blocks, bytes);
	end(&watched);
}

/* Measures in a process of its own, because of the peak memory. */
static int measure_apart(const char *library, const char *what)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		measure(library, what);
		exit(0);
	}
	waitpid(pid, &status, 0);
	return status != 0;
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {"10000:64", "100000:64", "1000000:64", "10000000:64", "1000000:1056"};
	int failed = 0;

	if (argc == 4 && !strcmp(argv[1], "program"))
		be_program(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
	if (argc < 2) {
		fprintf(stderr, "usage: bench_scan LIBRARY [BLOCKS:BYTES]...\n");
		return 64;
	}
	for (int i = 2; i < argc; i++)
		failed += measure_apart(argv[1], argv[i]);
	for (size_t i = 0; argc == 2 && i < sizeof usual / sizeof *usual; i++)
		failed += measure_apart(argv[1], usual[i]);
	return failed != 0;
}
