/*
 * A timer's handler leaves by siglongjmp, 1000 times, each time out of a loop that takes locks and posts,
 * from anywhere in it: also from the middle of a hook.  The lock is tried, never waited for, and
 * made anew after each jump.  Between the jumps 2000 blocks of 35 bytes, which keep their content.
 */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "say.h"

#define JUMPS 1000

static sigjmp_buf back;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t posted;

static void jump(int number) { siglongjmp(back, number); }

static void be_interrupted(void)
{
	struct itimerval soon = {{0, 0}, {0, 200}};

	if (sigsetjmp(back, 1))
		return;
	setitimer(ITIMER_REAL, &soon, NULL);
	for (;;) {
		if (pthread_mutex_trylock(&lock) == 0)
			pthread_mutex_unlock(&lock);
		sem_trywait(&posted);
	}
}

int main(void)
{
	int bad = 0;

	signal(SIGALRM, jump);
	sem_init(&posted, 0, 1000000);
	for (int i = 0; i < JUMPS; i++) {
		char *first = malloc(35), *second = malloc(35);

		must(first && second);
		memset(first, 1, 35);
		memset(second, 2, 35);
		be_interrupted();
		pthread_mutex_init(&lock, NULL);
		bad += first[34] != 1 || second[0] != 2;
		free(first);
		free(second);
	}
	say("%d jumps, %d blocks changed\n", JUMPS, bad);
	return 0;
}
