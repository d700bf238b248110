/*
 * Two coroutines on stacks of their own (makecontext, swapcontext) allocate, lock and swap 1000 times each;
 * what one allocates the other frees.  2000 blocks of 70 bytes and the two stacks of 65536.
 */
#include <pthread.h>
#include <ucontext.h>

#include "say.h"

#define ROUNDS 1000

static ucontext_t home, ping, pong;
static void *ball;
static long hits;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void hit(void)
{
	free(ball);
	ball = malloc(70);
	must(ball);
	pthread_mutex_lock(&lock);
	hits++;
	pthread_mutex_unlock(&lock);
}

static void play_ping(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		hit();
		swapcontext(&ping, &pong);
	}
}

static void play_pong(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		hit();
		swapcontext(&pong, &ping);
	}
}

static void *prepare(ucontext_t *context, void (*play)(void))
{
	void *stack = malloc(65536);

	must(stack);
	getcontext(context);
	context->uc_stack.ss_sp = stack;
	context->uc_stack.ss_size = 65536;
	context->uc_link = &home;
	makecontext(context, play, 0);
	return stack;
}

int main(void)
{
	void *first = prepare(&ping, play_ping), *second = prepare(&pong, play_pong);

	swapcontext(&home, &ping);
	free(ball);
	free(first);
	free(second);
	say("hits %ld\n", hits);
	return 0;
}
