/* opens_beside DIRECTORY: lets the library DIRECTORY/beside/opener.so open others. */
#include <dlfcn.h>
#include <stdio.h>

#include "say.h"

int main(int argc, char **argv)
{
	char path[4096];

	must(argc == 2);
	snprintf(path, sizeof path, "%s/beside/opener.so", argv[1]);
	void *library = dlopen(path, RTLD_NOW);
	must(library);
	int (*open_beside)(int) = (int (*)(int))dlsym(library, "open_beside");
	const char *(*after_own)(void) = (const char *(*)(void))dlsym(library, "after_own");
	must(open_beside && after_own);
	say("by the run path %d, by the origin %d, next %s\n", open_beside(0), open_beside(1), after_own());
	return 0;
}
