/*
 * to_the_limit WHAT [SOFT [HARD]]: limits its own address space to SOFT MiB, if given, and the hard limit to HARD MiB,
 * if given.  It then takes memory until a call fails, and prints how much it got, how the last call failed, and the
 * limit that it reads back.  WHAT:
 *
 *   malloc   blocks of 64 KiB
 *   mmap     a page at a time
 *   sbrk     a page at a time
 *   large    one block of 1 GiB
 *   threads  threads with 8 MiB of stack each
 *   size     nothing: prints the size of its address space
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/programs/say.h"

#define MIB (1ul << 20)

static pthread_barrier_t never;

static bool take_malloc(void) { return malloc(64 << 10) != NULL; }
static bool take_large(void) { return malloc(1024 * MIB) != NULL; }

static bool take_mmap(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool take_sbrk(void) { return sbrk(4096) != (void *)-1; }

static void *stay(void *unused)
{
	pthread_barrier_wait(&never);
	return unused;
}

static bool take_thread(void)
{
	pthread_t thread;
	pthread_attr_t attr;

	must(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, 8 * MIB) == 0);
	errno = pthread_create(&thread, &attr, stay, NULL);
	return errno == 0;
}

static bool (*taker(const char *what))(void)
{
	return !strcmp(what, "mmap")      ? take_mmap
	       : !strcmp(what, "sbrk")    ? take_sbrk
	       : !strcmp(what, "large")   ? take_large
	       : !strcmp(what, "threads") ? take_thread
	                                  : take_malloc;
}

static unsigned long used(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	must(statm && fscanf(statm, "%lu", &pages) == 1);
	fclose(statm);
	return pages * 4096;
}

static void limit_to(unsigned long soft, const char *hard)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_AS, &limit) == 0);
	limit.rlim_cur = soft;
	if (hard)
		limit.rlim_max = strtoul(hard, NULL, 10) * MIB;
	must(setrlimit(RLIMIT_AS, &limit) == 0);
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	unsigned long times = 0;

	must(argc >= 2 && pthread_barrier_init(&never, NULL, 1000000) == 0);
	bool (*take)(void) = taker(argv[1]);
	if (argc > 2)
		limit_to(strtoul(argv[2], NULL, 10) * MIB, argv[3]);
	if (!strcmp(argv[1], "size")) {
		say("%lu\n", used());
		return 0;
	}
	errno = 0;
	while (take())
		times++;
	int error = errno;
	must(getrlimit(RLIMIT_AS, &limit) == 0);
	say("%lu times, then %s\n", times, strerror(error));
	say("%lu %lu\n", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
	_exit(0);
}
