/*
 * A handler on the smallest alternate stack that the system allows allocates, frees and posts; 200 times,
 * and once for a stack overflow, out of which it jumps.  201 blocks of 55 bytes from handlers.
 */
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>

#include "say.h"

static sem_t posted;
static sigjmp_buf back;
static char *alternate;

static void handler(int number)
{
	char here;

	must(&here >= alternate);
	free(malloc(55));
	sem_post(&posted);
	if (number == SIGSEGV)
		siglongjmp(back, 1);
}

__attribute__((noinline)) static int overflow(int level)
{
	volatile char block[4096];

	block[0] = (char)level;
	return level < 0 ? 0 : overflow(level + 1) + block[0];
}

int main(void)
{
	size_t bytes = (size_t)sysconf(_SC_MINSIGSTKSZ) + 8192; /* vsnprintf is not called in the handler */
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	struct rlimit limit = {1 << 20, 1 << 20};
	int value;

	setrlimit(RLIMIT_STACK, &limit);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	alternate = aligned_alloc(16, bytes & ~15ul);
	must(alternate);
	must(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = bytes & ~15ul}, NULL) == 0);
	sem_init(&posted, 0, 0);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	for (int i = 0; i < 200; i++)
		raise(SIGUSR1);
	if (sigsetjmp(back, 1) == 0)
		overflow(1);
	sem_getvalue(&posted, &value);
	say("posted %d\n", value);
	return 0;
}
