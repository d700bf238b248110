/* An exec that the kernel refuses, since a string of the new environment cannot be read; the program goes on. */
#include <errno.h>

#include "say.h"

int main(void)
{
	char *arguments[] = {"true", NULL}, *environment[] = {(char *)8, NULL};

	must(execve("/bin/true", arguments, environment) == -1 && errno == EFAULT);
	say("goes on\n");
	return 9;
}
