/* As prog.c, but it deletes itself, allocates, and then lives on for a while. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) void *exported(void)
{
	void *volatile block = malloc(4242);

	return block;
}

int main(int argc, char **argv)
{
	void *volatile block;

	unlink(argv[0]);
	block = exported();
	puts("allocated");
	fflush(stdout);
	sleep(20);
	return !block;
}
