/*
 * Closes every descriptor from 3 up, like a daemon, then opens files of its own that get the numbers again,
 * writes to them between allocations, closes and dup2s over some, and checks that their content is its own.
 * 1000 blocks of 60 bytes, all freed, while the files are open.  Works in the current directory.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "say.h"

#define FILES 8

static void close_all(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
}

static void write_line(int fd, int number)
{
	char line[16];
	int n = snprintf(line, sizeof line, "line %05d\n", number);

	must(write(fd, line, (size_t)n) == n);
}

static void fill(const int *files)
{
	for (int i = 0; i < 1000; i++) {
		void *block = malloc(60);

		must(block);
		write_line(files[i % FILES], i);
		free(block);
	}
}

static void check(const char *name, int index)
{
	struct stat status;
	char line[16] = "", want[16];
	int fd = open(name, O_RDONLY);

	must(fd >= 0 && fstat(fd, &status) == 0);
	must(read(fd, line, 11) == 11);
	snprintf(want, sizeof want, "line %05d\n", index);
	say("%s: fd was %d, %ld bytes, %s\n", name, 3 + index, (long)status.st_size,
	    strcmp(line, want) == 0 ? "its own" : "not its own");
	close(fd);
}

int main(void)
{
	int files[FILES];
	char name[32];

	free(malloc(60));
	close_all();
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "own-file-%d", i);
		files[i] = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);
		must(files[i] == 3 + i);
	}
	fill(files);
	must(dup2(files[0], 100) == 100);
	close_all();
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "own-file-%d", i);
		check(name, i);
	}
	return 0;
}
