/* A permanent filter of system calls for the calling process: SANDBOX_START, then the listed calls, then the action for
 * all other calls. */
#ifndef TESTS_PROGRAMS_SANDBOX_H
#define TESTS_PROGRAMS_SANDBOX_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "say.h"

#define SANDBOX_START            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define SANDBOX_CALL(call, what) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, what)
#define ALLOW(call)              SANDBOX_CALL(call, SECCOMP_RET_ALLOW)
#define DENY(call)               SANDBOX_CALL(call, SECCOMP_RET_KILL_PROCESS)
#define ALLOW_OTHERS             BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define DENY_OTHERS              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static inline void enter_sandbox(struct sock_filter *filter, size_t count)
{
	struct sock_fprog program = {(unsigned short)count, filter};

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

#endif
