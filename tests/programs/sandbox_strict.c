/* Strict seccomp: only read, write, exit and sigreturn are allowed, and the time stamp counter cannot be read. */
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tests/programs/say.h"

static void work(void)
{
	for (int i = 0; i < 20000; i++)
		free(malloc(20 + i % 50));
}

int main(int argc, char **argv)
{
	work();
	if (argc > 1)
		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL) == 0);
	else
		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	work();
	say("still here\n");
	syscall(SYS_exit, 0);
}
