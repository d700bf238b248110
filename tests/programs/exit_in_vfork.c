/*
 * Ends with 3 while its second thread waits in the kernel, in vfork: no tracer can stop that thread.  The child of
 * vfork runs until the file argv[1] exists or the program has ended.  "stay": the program itself ends only once the
 * file exists.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "say.h"

static volatile bool has_child;
static const char *file;
static pid_t program;

static void wait_for_file(void)
{
	while (access(file, F_OK) && getppid() == program)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static void *wait_in_vfork(void *unused)
{
	if (vfork() == 0) {
		has_child = true;
		wait_for_file();
		_exit(0);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	must(argc > 1);
	file = argv[1];
	program = getpid();
	must(pthread_create(&thread, NULL, wait_in_vfork, NULL) == 0);
	while (!has_child)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	*(volatile char *)malloc(100) = 1;
	say("in vfork %d\n", (int)getpid());
	if (argc > 2 && !strcmp(argv[2], "stay"))
		pthread_join(thread, NULL);
	return 3;
}
