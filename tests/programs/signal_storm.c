/*
 * A timer's signal every 100 us interrupts a loop that takes and gives back a lock; the handler allocates,
 * frees and posts a semaphore.  That is safe here: the loop never allocates, so the handler never interrupts malloc,
 * and no other code uses its semaphore.  Ends after 2000 signals.  One malloc(77) in each handler.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>

#include "say.h"

#define SIGNALS 2000

static volatile sig_atomic_t handled, bad;
static sem_t posted;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void handler(int number)
{
	char *block;

	(void)number;
	if (handled >= SIGNALS)
		return;
	block = malloc(77);
	if (!block)
		bad = 1;
	free(block);
	sem_post(&posted);
	handled++;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct itimerval every = {{0, 100}, {0, 100}};
	int value;
	long counter = 0;

	free(malloc(1)); /* the first malloc of a thread sets up its state: not in a handler */
	sem_init(&posted, 0, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (handled < SIGNALS) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	every.it_value.tv_usec = 0;
	setitimer(ITIMER_REAL, &every, NULL);
	sem_getvalue(&posted, &value);
	say("handled %d posted %d bad %d\n", (int)handled, value, (int)bad);
	return counter > 0 ? 0 : 1;
}
