// The message of a failed dlopen outlives the program's first call of operator new.
#include <dlfcn.h>

#include "tests/programs/say.h"

int main()
{
	dlopen("/no/such/library.so", RTLD_NOW);
	int *volatile some = new int[3];
	delete[] some;
	const char *message = dlerror();
	say("%s\n", message ? message : "no message");
	return 0;
}
