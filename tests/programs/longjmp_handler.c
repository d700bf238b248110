/*
 * Leaves its signal handler by siglongjmp, 1000 times, each time out of a raise() or out of a loop of
 * locking that a timer interrupts; allocations go on in between.  1000 blocks of 33 bytes, all freed.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "say.h"

static sigjmp_buf back;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void jump(int number) { siglongjmp(back, number); }

static int raised(void)
{
	int jumps = 0;

	for (volatile int i = 0; i < 900; i++) {
		void *volatile block = malloc(33);

		if (sigsetjmp(back, 1) == 0)
			raise(SIGUSR1);
		else
			jumps++;
		free(block);
	}
	return jumps;
}

/* The lock is tried, never waited for: the jump may leave it locked. */
static int interrupted(void)
{
	struct itimerval once = {{0, 0}, {0, 300}};
	volatile int jumps = 0;

	for (volatile int i = 0; i < 100; i++) {
		void *volatile block = malloc(33);

		if (sigsetjmp(back, 1) == 0) {
			setitimer(ITIMER_REAL, &once, NULL);
			for (;;)
				if (pthread_mutex_trylock(&lock) == 0)
					pthread_mutex_unlock(&lock);
		}
		jumps++;
		pthread_mutex_init(&lock, NULL);
		free(block);
	}
	return jumps;
}

int main(void)
{
	signal(SIGUSR1, jump);
	signal(SIGALRM, jump);
	say("raised %d\n", raised());
	say("interrupted %d\n", interrupted());
	return 0;
}
