/*
 * Two threads allocate and free N times each (100000 unless given).  Then the program loses ten blocks of 777 bytes,
 * prints a line and ends with status 5.  With FILE it fills the disk, by writing to that file, before it loses the
 * blocks, or first of all ("first"); the file stays.  usage: fills_disk [N [FILE [first]]]
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "say.h"

#define HELD 1000

static void fill(const char *path)
{
	static char block[4096];
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(file >= 0);
	while (write(file, block, sizeof block) > 0)
		;
	must(errno == ENOSPC);
	close(file);
}

static void *work(void *argument)
{
	long count = (long)argument;
	char *held[HELD] = {0};

	for (long i = 0; i < count; i++) {
		free(held[i % HELD]);
		held[i % HELD] = malloc(16 + (size_t)(i % 300));
	}
	for (int i = 0; i < HELD; i++)
		free(held[i]);
	return NULL;
}

__attribute__((noinline)) static void lose(void)
{
	void *volatile block = malloc(777);

	must(block);
	block = NULL;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 100000;
	pthread_t threads[2];

	if (argc > 3)
		fill(argv[2]);
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, work, (void *)count));
	for (int i = 0; i < 2; i++)
		must(!pthread_join(threads[i], NULL));
	if (argc == 3)
		fill(argv[2]);
	for (int i = 0; i < 10; i++)
		lose();
	say("output line\n");
	return 5;
}
