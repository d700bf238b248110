/*
 * Seven processes: a binary tree of forks, three generations.  Each makes as many blocks of 10 bytes as its
 * number in the tree (1 to 7), frees half of them (rounded down), waits for its children and ends with its
 * number as exit status.  The blocks that a child inherited are not its own leaks.
 */
#include <sys/wait.h>

#include "say.h"

static void *blocks[8];

static void own_heap(int number)
{
	for (int i = 0; i < number; i++)
		blocks[i] = malloc(10);
	for (int i = 0; i < number / 2; i++)
		free(blocks[i]);
}

static int wait_for(pid_t child)
{
	int status;

	must(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void branch(int number)
{
	own_heap(number);
	if (number >= 4)
		return;
	for (int child = 2 * number; child <= 2 * number + 1; child++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (pid == 0) {
			branch(child);
			exit(child);
		}
		say("%d saw %d end with %d\n", number, child, wait_for(pid));
	}
}

int main(void)
{
	branch(1);
	return 1;
}
