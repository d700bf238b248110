/* every_call: libraries. */
#include <dlfcn.h>
#include <link.h>

/* The file name of the library that the function belongs to: what dlsym finds depends on the library that calls it. */
static const char *owner_of(void *function)
{
	Dl_info info;
	const char *slash;

	if (!function || !dladdr(function, &info))
		return "none";
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

static void every_loader_call(void)
{
	void *library = dlopen("libm.so.6", RTLD_NOW);
	void *space;

	say("-- libraries\n");
	say("dlopen: %d, none: %d, %s\n", library != NULL, dlopen("/none/none.so", RTLD_LAZY) != NULL, dlerror());
	say("dlsym: %s, next: %s, none: %d, %s\n", owner_of(dlsym(library, "cos")),
	    owner_of(dlsym(RTLD_NEXT, "getpid")), dlsym(library, "no_such_name") != NULL,
	    dlerror() ? "an error" : "no error");
	say("dlclose: %d\n", dlclose(library));
	library = dlopen("libm.so.6", RTLD_LAZY | RTLD_DEEPBIND);
	say("deep: %s\n", owner_of(dlsym(library, "sin")));
	dlclose(library);
	space = dlmopen(LM_ID_NEWLM, "libm.so.6", RTLD_NOW);
	say("dlmopen: %d, none: %d, %s\n", space != NULL, dlmopen(LM_ID_BASE, "/none/none.so", RTLD_NOW) != NULL,
	    dlerror());
	if (space)
		dlclose(space);
}
