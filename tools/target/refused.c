#include "tools/target/refused.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/proc.h"

#define CAPABILITY_SYS_PTRACE 19
#define SECCOMP_FILTERED      2
#define YAMA_NONE             3 /* kernel.yama.ptrace_scope: no process at all */

static bool may_ptrace_all(void) { return process_status_number(getpid(), "CapEff", 16) >> CAPABILITY_SYS_PTRACE & 1; }

/* kernel.yama.ptrace_scope; 0 also where the kernel has no Yama. */
static int yama_scope(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (file && fscanf(file, "%d", &scope) != 1)
		scope = 0;
	if (file)
		fclose(file);
	return scope;
}

static const char by_filter[] =
    "a filter of system calls (seccomp) refuses ptrace to ringtail: start the container with "
    "docker run --cap-add=SYS_PTRACE";

void refused_say(pid_t tid, int error, char *why, size_t size)
{
	bool privileged = may_ptrace_all(),
	     filtered = process_status_number(getpid(), "Seccomp", 10) == SECCOMP_FILTERED;
	unsigned owner = (unsigned)process_status_number(tid, "Uid", 10);
	int scope = yama_scope();

	if (scope == YAMA_NONE)
		snprintf(why, size,
		         "kernel.yama.ptrace_scope is 3, which forbids ptrace until the machine is booted again");
	else if (privileged && filtered)
		snprintf(why, size, "%s", by_filter);
	else if (!privileged && owner != geteuid())
		snprintf(
		    why, size,
		    "the process belongs to user %u, and ringtail lacks CAP_SYS_PTRACE: run ringtail as that user, or "
		    "as root",
		    owner);
	else if (!privileged && scope)
		snprintf(why, size,
		         "kernel.yama.ptrace_scope is %d, which lets ringtail see its own children alone: start the "
		         "process with `ringtail run`, or set it to 0, or give ringtail CAP_SYS_PTRACE",
		         scope);
	else if (!privileged && filtered)
		snprintf(why, size, "%s", by_filter);
	else if (!privileged)
		snprintf(why, size,
		         "the process has made itself not dumpable, and ringtail lacks CAP_SYS_PTRACE: run ringtail as "
		         "root");
	else
		snprintf(why, size, "the kernel does not let ringtail stop and read the process (ptrace: %s)",
		         strerror(error));
}
