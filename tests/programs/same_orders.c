/* Takes two locks in one order at one place, which two callers come to; thread groups: two callers make threads at one
 * place. */
#include <pthread.h>
#include <stdlib.h>

#define NOINLINE static __attribute__((noinline))

static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;
static volatile int calls;

NOINLINE void take_both(void)
{
	pthread_mutex_lock(&outer);
	pthread_mutex_lock(&inner);
	calls++;
	pthread_mutex_unlock(&inner);
	pthread_mutex_unlock(&outer);
}

NOINLINE void left(void)
{
	take_both();
	calls++;
}

NOINLINE void right(void)
{
	take_both();
	calls++;
}

static void *work(void *unused)
{
	(void)unused;
	left();
	right();
	return NULL;
}

NOINLINE void run_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, NULL) || pthread_join(thread, NULL))
		abort();
	calls++;
}

NOINLINE void first_thread(void)
{
	run_thread();
	calls++;
}

NOINLINE void second_thread(void)
{
	run_thread();
	calls++;
}

int main(void)
{
	first_thread();
	second_thread();
	return calls == 0;
}
