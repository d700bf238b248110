/*
 * A C program loads a C++ library whose constructor starts a thread and waits for it, build/programs/starts_thread.so,
 * found beside this program.  The thread makes the first call of some C++ operators.
 */
#include <dlfcn.h>
#include <string.h>

#include "tests/programs/say.h"

int main(void)
{
	char library[4096];
	ssize_t length = readlink("/proc/self/exe", library, sizeof library - 32);

	must(length > 0);
	library[length] = '\0';
	strcpy(strrchr(library, '/'), "/starts_thread.so");
	must(dlopen(library, RTLD_NOW));
	say("loaded\n");
	return 0;
}
