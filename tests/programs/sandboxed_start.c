/*
 * Starts another of the test programs (the first argument; the others are its arguments) as a service manager does,
 * with a filter of system calls: a call that only debuggers need ends the process.
 */
#include <libgen.h>
#include <limits.h>

#include "sandbox.h"

static void give_up_calls(void)
{
	struct sock_filter filter[] = {
	    SANDBOX_START, DENY(process_vm_readv), DENY(process_vm_writev),
	    DENY(ptrace),  DENY(perf_event_open),  ALLOW_OTHERS,
	};
	enter_sandbox(filter, sizeof filter / sizeof *filter);
}

int main(int argc, char **argv)
{
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	must(argc > 1 && length > 0);
	self[length] = '\0';
	snprintf(path, sizeof path, "%s/%s", dirname(self), argv[1]);
	give_up_calls();
	execv(path, argv + 1);
	must(!"started");
	return 1;
}
