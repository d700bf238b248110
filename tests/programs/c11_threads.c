/*
 * C11's threads: 8 threads count to 1000 each under an mtx, wait for a cnd and return a result by
 * thrd_join; one is detached; call_once calls once; tss destructors free 8 blocks of 88 bytes.  No finding.
 */
#include <threads.h>
#include <time.h>

#include "say.h"

#define THREADS 8

static mtx_t lock, recursive;
static cnd_t changed;
static once_flag flag = ONCE_FLAG_INIT;
static tss_t key;
static int counter, waiting, go, once_calls, detached_done;

static void once(void) { once_calls++; }

static int work(void *argument)
{
	int number = *(int *)argument;

	call_once(&flag, once);
	tss_set(key, malloc(88));
	mtx_lock(&lock);
	waiting++;
	cnd_broadcast(&changed);
	while (!go)
		cnd_wait(&changed, &lock);
	mtx_unlock(&lock);
	for (int i = 0; i < 1000; i++) {
		mtx_lock(&lock);
		counter++;
		mtx_unlock(&lock);
	}
	if (number == 3)
		thrd_exit(33);
	return number;
}

static int alone(void *argument)
{
	mtx_lock(&lock);
	detached_done = 1;
	cnd_signal(&changed);
	mtx_unlock(&lock);
	(void)argument;
	return 0;
}

static void recursion(void)
{
	struct timespec soon;

	mtx_init(&recursive, mtx_recursive | mtx_timed);
	mtx_lock(&recursive);
	say("recursive trylock %d\n", mtx_trylock(&recursive) == thrd_success);
	timespec_get(&soon, TIME_UTC);
	say("recursive timedlock %d\n", mtx_timedlock(&recursive, &soon) == thrd_success);
	for (int i = 0; i < 3; i++)
		mtx_unlock(&recursive);
	mtx_destroy(&recursive);
}

static void detach_one(void)
{
	thrd_t thread;

	thrd_create(&thread, alone, NULL);
	thrd_detach(thread);
	mtx_lock(&lock);
	while (!detached_done)
		cnd_wait(&changed, &lock);
	mtx_unlock(&lock);
}

int main(void)
{
	thrd_t threads[THREADS];
	int numbers[THREADS], result, sum = 0;
	struct timespec past = {1, 0};

	mtx_init(&lock, mtx_plain);
	cnd_init(&changed);
	tss_create(&key, free);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		must(thrd_create(&threads[i], work, &numbers[i]) == thrd_success);
	}
	mtx_lock(&lock);
	while (waiting < THREADS)
		cnd_wait(&changed, &lock);
	say("timed out %d\n", cnd_timedwait(&changed, &lock, &past) == thrd_timedout);
	go = 1;
	cnd_broadcast(&changed);
	mtx_unlock(&lock);
	for (int i = 0; i < THREADS; i++) {
		thrd_join(threads[i], &result);
		sum += result;
	}
	recursion();
	detach_one();
	say("counter %d sum %d once %d\n", counter, sum, once_calls);
	cnd_destroy(&changed);
	mtx_destroy(&lock);
	return 0;
}
