/* Looks for a program as shells do: with a block on the heap, it tries to execute the program in one directory after
 * the other. */
#include <stdlib.h>
#include <unistd.h>

static void *volatile block;

int main(int argc, char **argv)
{
	char *nothing[] = {argv[0], NULL};

	block = malloc(100);
	for (int i = 0; i < 5; i++)
		execv(i % 2 ? "/nonexistent/program" : "/dev/null/program", nothing);
	return 0;
}
