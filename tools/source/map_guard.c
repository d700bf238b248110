#include "tools/source/map_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/atomics.h"

#define GUARDS 4096 /* mappings beyond that are not guarded */

/* Read by the signal handler: an entry counts once `bytes` is not 0. */
static struct guard {
	uintptr_t start;
	size_t bytes;
} guards[GUARDS];
static pthread_mutex_t guards_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction before;

static bool is_guarded(uintptr_t address)
{
	for (size_t i = 0; i < GUARDS; i++) {
		size_t bytes = load_acquire(&guards[i].bytes);
		if (bytes && address - guards[i].start < bytes)
			return true;
	}
	return false;
}

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t address = (uintptr_t)info->si_addr;
	void *page = (void *)(address & ~(page_bytes - 1));
	int saved = errno;

	if (info->si_code != BUS_ADRERR || !is_guarded(address) ||
	    mmap(page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	        MAP_FAILED)
		/* no guarded mapping: the fault is raised again, for the handler that was installed before */
		sigaction(SIGBUS, &before, NULL);
	errno = saved;
}

static void install(void)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, &before);
}

void map_guard_add(const void *map, size_t bytes)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
	pthread_mutex_lock(&guards_lock);
	for (size_t i = 0; i < GUARDS; i++)
		if (!guards[i].bytes) {
			guards[i].start = (uintptr_t)map;
			store_release(&guards[i].bytes, bytes);
			break;
		}
	pthread_mutex_unlock(&guards_lock);
}

void map_guard_remove(const void *map)
{
	pthread_mutex_lock(&guards_lock);
	for (size_t i = 0; i < GUARDS; i++)
		if (guards[i].bytes && guards[i].start == (uintptr_t)map) {
			store_release(&guards[i].bytes, (size_t)0);
			break;
		}
	pthread_mutex_unlock(&guards_lock);
}
