/*
 * A child of fork frees small blocks of its parent's that lie between its own.  Allocators other than glibc's put
 * blocks of 8 and of 16 bytes right beside each other.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

#define BLOCKS 400

static void *of_parent[BLOCKS], *of_child[BLOCKS];

static size_t bytes(int i) { return i % 2 ? 8 : 16; }

/* The child's blocks come into the places that the parent frees. */
static void be_child(void)
{
	for (int i = 0; i < BLOCKS; i++)
		of_child[i] = malloc(bytes(i));
	for (int i = 0; i < BLOCKS; i++)
		free(of_parent[i]);
	for (int i = 0; i < BLOCKS; i++)
		free(of_child[i]);
	_exit(0);
}

int main(void)
{
	int status;

	for (int i = 0; i < BLOCKS; i++)
		of_parent[i] = malloc(bytes(i));
	for (int i = 0; i < BLOCKS; i += 4) {
		free(of_parent[i]);
		free(of_parent[i + 1]);
		of_parent[i] = of_parent[i + 1] = NULL;
	}
	pid_t child = fork();
	must(child >= 0);
	if (!child)
		be_child();
	must(waitpid(child, &status, 0) == child && status == 0);
	for (int i = 0; i < BLOCKS; i++)
		free(of_parent[i]);
	say("done\n");
	return 0;
}
