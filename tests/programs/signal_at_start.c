/* Signals reach threads before their start routine, and the handlers allocate. */
#include <pthread.h>
#include <signal.h>

#include "tests/programs/say.h"

#define THREADS 300

static volatile sig_atomic_t handled;

static void on_signal(int signal)
{
	free(malloc(16));
	handled++;
}

static void *nothing(void *unused) { return unused; }

int main(void)
{
	pthread_t thread;

	signal(SIGUSR1, on_signal);
	for (int i = 0; i < THREADS; i++) {
		must(pthread_create(&thread, NULL, nothing, NULL) == 0);
		pthread_kill(thread, SIGUSR1);
		must(pthread_join(thread, NULL) == 0);
	}
	must(handled > 0);
	say("done\n");
	return 0;
}
