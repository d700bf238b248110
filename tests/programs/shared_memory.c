/*
 * Memory that a scan must leave as it is.  argv[1] children share 32 MiB with their parent and have a block of their
 * own.  They also map memory that they never touch: half a MiB shared, and as much without rights.  Prints each child's
 * number and pid, and ends when the file argv[2] can be read.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "say.h"

#define SHARED_MIB 32
#define UNTOUCHED  (512 << 10)

static char *cache[SHARED_MIB];

static void wait_for(const char *file)
{
	while (access(file, F_OK))
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static void be_child(int number, const char *file)
{
	char *volatile own = malloc(100);
	void *untouched = mmap(NULL, UNTOUCHED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *without_rights = mmap(NULL, UNTOUCHED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(untouched != MAP_FAILED && without_rights != MAP_FAILED);
	own[0] = 1;
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	say("child %d %d\n", number, (int)getpid());
	wait_for(file);
	_exit(cache[3][7] - 1);
}

int main(int argc, char **argv)
{
	int children = argc > 2 ? atoi(argv[1]) : 0, status;

	for (int i = 0; i < SHARED_MIB; i++)
		memset(cache[i] = malloc(1 << 20), 1, 1 << 20);
	for (int i = 0; i < children; i++)
		if (fork() == 0)
			be_child(i, argv[2]);
	while (wait(&status) > 0)
		must(WIFEXITED(status) && !WEXITSTATUS(status));
	return 0;
}
