/* every_call: mutexes of all types. */

static pthread_mutex_t mutex;

static void init_mutex(int type, int robust, int protocol, int shared)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type);
	pthread_mutexattr_setrobust(&attributes, robust);
	pthread_mutexattr_setprotocol(&attributes, protocol);
	pthread_mutexattr_setpshared(&attributes, shared);
	returns(pthread_mutex_init(&mutex, &attributes));
	pthread_mutexattr_destroy(&attributes);
}

static void *all_mutex_waits(void *argument)
{
	struct timespec real = from_now(CLOCK_REALTIME, 2), mono = from_now(CLOCK_MONOTONIC, 2);
	struct timespec wrong = {0, -1};

	returns(pthread_mutex_trylock(&mutex));
	returns(pthread_mutex_timedlock(&mutex, &real));
	returns(pthread_mutex_timedlock(&mutex, &wrong));
	returns(pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &mono));
	returns(pthread_mutex_clocklock(&mutex, CLOCK_PROCESS_CPUTIME_ID, &mono));
	return argument;
}

static void plain_mutex(void)
{
	struct timespec real = from_now(CLOCK_REALTIME, 1000), mono = from_now(CLOCK_MONOTONIC, 1000);

	say("-- mutex\n");
	returns(pthread_mutex_init(&mutex, NULL));
	returns(pthread_mutex_lock(&mutex));
	elsewhere(all_mutex_waits, NULL);
	returns(pthread_mutex_destroy(&mutex));
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_trylock(&mutex));
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_timedlock(&mutex, &real));
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &mono));
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_destroy(&mutex));
}

static void *unlock_elsewhere(void *argument)
{
	returns(pthread_mutex_unlock(&mutex));
	return argument;
}

static void errorcheck_mutex(void)
{
	struct timespec soon = from_now(CLOCK_REALTIME, 2);

	say("-- errorcheck\n");
	init_mutex(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE, 0);
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_lock(&mutex));
	returns(pthread_mutex_lock(&mutex));
	returns(pthread_mutex_timedlock(&mutex, &soon));
	returns(pthread_mutex_trylock(&mutex));
	elsewhere(unlock_elsewhere, NULL);
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_consistent(&mutex));
	returns(pthread_mutex_destroy(&mutex));
}

static void recursive_mutex(void)
{
	say("-- recursive\n");
	init_mutex(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE, 0);
	returns(pthread_mutex_lock(&mutex));
	returns(pthread_mutex_lock(&mutex));
	returns(pthread_mutex_trylock(&mutex));
	elsewhere(all_mutex_waits, NULL);
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_destroy(&mutex));
}

static void *die_holding(void *argument)
{
	returns(pthread_mutex_lock(&mutex));
	return argument;
}

static void robust_mutex(int protocol)
{
	struct timespec soon = from_now(CLOCK_REALTIME, 2);

	say("-- robust, protocol %d\n", protocol);
	init_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, protocol, PTHREAD_PROCESS_SHARED);
	elsewhere(die_holding, NULL);
	returns(pthread_mutex_lock(&mutex));
	returns(pthread_mutex_consistent(&mutex));
	returns(pthread_mutex_unlock(&mutex));
	elsewhere(die_holding, NULL);
	returns(pthread_mutex_trylock(&mutex));
	returns(pthread_mutex_consistent(&mutex));
	returns(pthread_mutex_unlock(&mutex));
	elsewhere(die_holding, NULL);
	returns(pthread_mutex_timedlock(&mutex, &soon));
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_lock(&mutex)); /* not made consistent: not recoverable */
	returns(pthread_mutex_destroy(&mutex));
}

static void other_mutexes(void)
{
	static pthread_mutex_t fixed = PTHREAD_MUTEX_INITIALIZER;
	static pthread_mutex_t fixed_recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	static pthread_mutex_t zeroed;

	say("-- others\n");
	init_mutex(PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE, 0);
	returns(pthread_mutex_lock(&mutex));
	elsewhere(all_mutex_waits, NULL);
	returns(pthread_mutex_unlock(&mutex));
	init_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT, 0);
	returns(pthread_mutex_lock(&mutex));
	elsewhere(all_mutex_waits, NULL);
	returns(pthread_mutex_unlock(&mutex));
	returns(pthread_mutex_lock(&fixed));
	returns(pthread_mutex_unlock(&fixed));
	returns(pthread_mutex_lock(&fixed_recursive));
	returns(pthread_mutex_lock(&fixed_recursive));
	returns(pthread_mutex_unlock(&fixed_recursive));
	returns(pthread_mutex_unlock(&fixed_recursive));
	returns(pthread_mutex_lock(&zeroed));
	returns(pthread_mutex_unlock(&zeroed));
}

static void every_mutex_call(void)
{
	plain_mutex();
	errorcheck_mutex();
	recursive_mutex();
	robust_mutex(PTHREAD_PRIO_NONE);
	robust_mutex(PTHREAD_PRIO_INHERIT);
	other_mutexes();
}
