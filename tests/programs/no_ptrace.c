/*
 * no_ptrace CMD...: runs CMD with ptrace and process_vm_readv refused, as in a container: by a filter of system calls,
 * which all children of CMD inherit.
 */
#include <errno.h>

#include "sandbox.h"

#define REFUSE(call) SANDBOX_CALL(call, SECCOMP_RET_ERRNO | EPERM)

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
	    SANDBOX_START,
	    REFUSE(ptrace),
	    REFUSE(process_vm_readv),
	    ALLOW_OTHERS,
	};

	must(argc > 1);
	enter_sandbox(filter, sizeof filter / sizeof *filter);
	execvp(argv[1], argv + 1);
	return 127;
}
