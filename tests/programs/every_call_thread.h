/* every_call: POSIX threads and C11's. */
#include <limits.h>
#include <threads.h>

static pthread_t make(void *(*routine)(void *), void *argument)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, routine, argument) == 0);
	return thread;
}

static void *sleeps(void *argument)
{
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	return argument;
}

static sem_t go;

static void *waits_for_go(void *argument)
{
	sem_wait(&go);
	return argument;
}

static void *exits(void *argument) { pthread_exit(argument); }

static void *waits_for_cancel(void *argument)
{
	for (;;)
		nanosleep(&(struct timespec){.tv_sec = 60}, NULL);
	return argument;
}

static void joins(void)
{
	struct timespec real = from_now(CLOCK_REALTIME, 2), mono = from_now(CLOCK_MONOTONIC, 2);
	struct timespec late = from_now(CLOCK_REALTIME, 20000), late_mono = from_now(CLOCK_MONOTONIC, 20000);
	pthread_t thread = make(waits_for_go, "waited");
	void *result = "nothing";

	returns(pthread_tryjoin_np(thread, &result));
	returns(pthread_timedjoin_np(thread, &result, &real));
	returns(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &mono));
	sem_post(&go);
	returns(pthread_join(thread, &result));
	say("result %s\n", (char *)result);
	returns(pthread_timedjoin_np(make(sleeps, "timed"), &result, &late));
	returns(pthread_clockjoin_np(make(exits, "clock"), &result, CLOCK_MONOTONIC, &late_mono));
	say("result %s\n", (char *)result);
	thread = make(exits, "tried");
	while (pthread_tryjoin_np(thread, &result) == EBUSY)
		sched_yield();
	say("result %s\n", (char *)result);
	returns(pthread_join(pthread_self(), NULL));
}

static void detaches(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	returns(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
	returns(pthread_create(&thread, &attributes, waits_for_go, NULL));
	returns(pthread_join(thread, NULL));
	pthread_attr_destroy(&attributes);
	thread = make(waits_for_go, NULL);
	returns(pthread_detach(thread));
	returns(pthread_detach(thread));
	sem_post(&go);
	sem_post(&go);
}

static void names_and_cancels(void)
{
	pthread_t thread = make(waits_for_cancel, NULL);
	char name[16];
	void *result;

	returns(pthread_setname_np(thread, "fifteen letters"));
	returns(pthread_setname_np(thread, "sixteen letters!"));
	returns(pthread_getname_np(thread, name, sizeof name));
	say("name %s\n", name);
	returns(pthread_cancel(thread));
	returns(pthread_join(thread, &result));
	say("cancelled %d\n", result == PTHREAD_CANCELED);
}

static void creation_fails(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, SIZE_MAX / 4 & ~(size_t)4095);
	returns(pthread_create(&thread, &attributes, sleeps, NULL));
	pthread_attr_destroy(&attributes);
}

static void every_thread_call(void)
{
	say("-- threads\n");
	sem_init(&go, 0, 0);
	joins();
	detaches();
	names_and_cancels();
	creation_fails();
}

static mtx_t c11_mutex;
static cnd_t c11_cond;
static int c11_stage;

static int c11_routine(void *argument)
{
	struct timespec soon = from_now(CLOCK_REALTIME, 2);

	say("mtx_trylock %d mtx_timedlock %d\n", mtx_trylock(&c11_mutex) == thrd_busy,
	    mtx_timedlock(&c11_mutex, &soon) == thrd_timedout);
	if (argument)
		thrd_exit(12);
	return 11;
}

static int c11_signaller(void *argument)
{
	mtx_lock(&c11_mutex);
	c11_stage = 1;
	say("cnd_signal %d cnd_broadcast %d\n", cnd_signal(&c11_cond), cnd_broadcast(&c11_cond));
	mtx_unlock(&c11_mutex);
	(void)argument;
	return 0;
}

static void c11_threads_and_mutexes(void)
{
	thrd_t thread;
	int result;

	say("mtx_init %d\n", mtx_init(&c11_mutex, mtx_timed));
	say("mtx_lock %d\n", mtx_lock(&c11_mutex));
	say("thrd_create %d\n", thrd_create(&thread, c11_routine, NULL));
	say("thrd_join %d", thrd_join(thread, &result));
	say(" %d\n", result);
	must(thrd_create(&thread, c11_routine, "exit") == thrd_success);
	must(thrd_join(thread, &result) == thrd_success);
	say("result %d\n", result);
	say("mtx_unlock %d\n", mtx_unlock(&c11_mutex));
}

static void c11_conditions(void)
{
	struct timespec soon = from_now(CLOCK_REALTIME, 2);
	thrd_t thread;

	say("cnd_init %d\n", cnd_init(&c11_cond));
	mtx_lock(&c11_mutex);
	say("cnd_timedwait %d\n", cnd_timedwait(&c11_cond, &c11_mutex, &soon) == thrd_timedout);
	must(thrd_create(&thread, c11_signaller, NULL) == thrd_success);
	while (!c11_stage)
		must(cnd_wait(&c11_cond, &c11_mutex) == thrd_success);
	mtx_unlock(&c11_mutex);
	must(thrd_join(thread, NULL) == thrd_success);
	mtx_lock(&c11_mutex);
	c11_stage = 0;
	must(thrd_create(&thread, c11_signaller, NULL) == thrd_success);
	say("thrd_detach %d\n", thrd_detach(thread)); /* before it has the mutex, and so before it says anything */
	while (!c11_stage)
		must(cnd_wait(&c11_cond, &c11_mutex) == thrd_success);
	mtx_unlock(&c11_mutex);
	cnd_destroy(&c11_cond);
	mtx_destroy(&c11_mutex);
}

static void every_c11_call(void)
{
	static once_flag flag = ONCE_FLAG_INIT;

	say("-- C11\n");
	c11_threads_and_mutexes();
	c11_conditions();
	call_once(&flag, once);
	call_once(&flag, once);
	say("once calls %d\n", once_calls);
}
