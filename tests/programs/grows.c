/*
 * A server that grows slowly.  For each letter that it reads from the file argv[1] it allocates blocks and frees them,
 * and keeps one more in remember() for ever.  Some letters ask for more:
 *
 *   l   loses a block too
 *   t   starts and joins a hundred threads
 *   f   forks a child, which loses blocks of its own and waits until it is killed at the end
 *   q   ends
 *
 * Prints its pid first, and each letter when it is done with it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "tests/programs/say.h"

#define KEPT  1000
#define CHURN 200

char *kept[KEPT];
unsigned kept_count;
static void *scratch[CHURN];
static pid_t child;

__attribute__((noinline)) static void remember(void) { kept[kept_count++ % KEPT] = malloc(100); }

__attribute__((noinline)) static void lose(void) { ((volatile char *)malloc(70))[0] = 1; }

__attribute__((noinline)) static void fill(void)
{
	for (unsigned i = 0; i < CHURN; i++)
		scratch[i] = malloc(20 + i);
}

__attribute__((noinline)) static void empty(void)
{
	for (unsigned i = 0; i < CHURN; i++)
		free(scratch[i]);
	memset(scratch, 0, sizeof scratch);
}

static void *visit(void *unused)
{
	free(malloc(500));
	return unused;
}

static void let_threads_come_and_go(void)
{
	pthread_t thread;

	for (int i = 0; i < 100; i++) {
		must(pthread_create(&thread, NULL, visit, NULL) == 0);
		must(pthread_join(thread, NULL) == 0);
	}
}

static void make_child(void)
{
	child = fork();
	must(child >= 0);
	if (child)
		return;
	for (int i = 0; i < 10; i++)
		lose();
	say("child %d\n", (int)getpid());
	for (;;)
		pause();
}

static void work(char what)
{
	fill();
	empty();
	remember();
	if (what == 'l')
		lose();
	if (what == 't')
		let_threads_come_and_go();
	if (what == 'f')
		make_child();
}

int main(int argc, char **argv)
{
	int letters = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	char what;

	must(letters >= 0);
	say("grows %d\n", (int)getpid());
	while (read(letters, &what, 1) == 1 && what != 'q') {
		work(what);
		say("did %c\n", what);
	}
	if (child)
		kill(child, SIGKILL);
	return 0;
}
