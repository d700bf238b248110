/* A handler leaves sem_wait by siglongjmp, the stack is written over, and the thread ends by pthread_exit. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "say.h"
#include "thread_state.h"

static sem_t semaphore;
static sigjmp_buf out;

static void handler(int number) { siglongjmp(out, number); }

static __attribute__((noinline)) void write_over(int depth)
{
	volatile char bytes[400];

	memset((void *)bytes, 0x41, sizeof bytes);
	if (depth)
		write_over(depth - 1);
	bytes[0] = bytes[1];
}

static __attribute__((noinline)) void wait_here(void) { sem_wait(&semaphore); }

static void *work(void *result)
{
	if (!sigsetjmp(out, 1))
		wait_here();
	write_over(30);
	pthread_exit(result);
}

int main(void)
{
	pthread_t thread;
	void *result;

	signal(SIGUSR1, handler);
	sem_init(&semaphore, 0, 0);
	pthread_create(&thread, NULL, work, (void *)5);
	await_others(1);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, &result);
	say("joined %ld\n", (long)result);
	return 0;
}
