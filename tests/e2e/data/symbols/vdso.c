/* A signal handler that allocates while its thread is reading the clock, in the vDSO most of the time. */
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t handled;

static void allocate(int signal)
{
	void *volatile block = malloc(4242);

	handled += block != NULL;
}

int main(void)
{
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	struct timespec time;

	signal(SIGPROF, allocate);
	setitimer(ITIMER_PROF, &every, NULL);
	while (handled < 100)
		for (int i = 0; i < 1000; i++)
			clock_gettime(CLOCK_MONOTONIC, &time);
	return 0;
}
