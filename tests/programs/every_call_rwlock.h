/* every_call: rwlocks. */

static pthread_rwlock_t rwlock;

static void *all_rwlock_waits(void *argument)
{
	struct timespec real = from_now(CLOCK_REALTIME, 2), mono = from_now(CLOCK_MONOTONIC, 2);
	struct timespec wrong = {0, -1};

	returns(pthread_rwlock_trywrlock(&rwlock));
	returns(pthread_rwlock_timedwrlock(&rwlock, &real));
	returns(pthread_rwlock_timedwrlock(&rwlock, &wrong));
	returns(pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &mono));
	return argument;
}

static void *all_reads(void *argument)
{
	struct timespec real = from_now(CLOCK_REALTIME, 2), mono = from_now(CLOCK_MONOTONIC, 2);

	returns(pthread_rwlock_tryrdlock(&rwlock));
	returns(pthread_rwlock_timedrdlock(&rwlock, &real));
	returns(pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &mono));
	return argument;
}

static void *all_reads_and_unlocks(void *argument)
{
	all_reads(argument);
	for (int i = 0; i < 3; i++)
		returns(pthread_rwlock_unlock(&rwlock));
	return argument;
}

static void every_rwlock_call(void)
{
	static pthread_rwlock_t fixed = PTHREAD_RWLOCK_INITIALIZER;

	say("-- rwlock\n");
	returns(pthread_rwlock_init(&rwlock, NULL));
	returns(pthread_rwlock_rdlock(&rwlock));
	elsewhere(all_rwlock_waits, NULL);
	elsewhere(all_reads_and_unlocks, NULL);
	returns(pthread_rwlock_unlock(&rwlock));
	returns(pthread_rwlock_wrlock(&rwlock));
	returns(pthread_rwlock_wrlock(&rwlock));
	returns(pthread_rwlock_rdlock(&rwlock));
	elsewhere(all_rwlock_waits, NULL);
	elsewhere(all_reads, NULL);
	returns(pthread_rwlock_unlock(&rwlock));
	all_rwlock_waits(NULL);
	returns(pthread_rwlock_unlock(&rwlock));
	returns(pthread_rwlock_destroy(&rwlock));
	returns(pthread_rwlock_rdlock(&fixed));
	returns(pthread_rwlock_unlock(&fixed));
}
