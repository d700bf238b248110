/* The modules whose sites are not armed by default. */
#include "tools/races/site.h"

#include <fnmatch.h>
#include <string.h>

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct rule {
	const char *name; /* pattern of the file's name */
	const char *why;
};

/* These are left out wherever they lie. */
static const struct rule rules[] = {
    {"libringtail*.so*", "it is ringtail's own"},
    {"ld-linux*.so*", "it is the loader"},
    {"ld-[0-9]*.so*", "it is the loader"},
    {"ld-musl*.so*", "it is the loader"},
    {"libc.so*", "it is the C library"},
    {"libc-[0-9]*.so*", "it is the C library"},
    {"libpthread[.-]*so*", "it is the C library"},
    {"librt[.-]*so*", "it is the C library"},
    {"libdl[.-]*so*", "it is the C library"},
    {"libm.so*", "it is the C library"},
    {"libgomp.so*", "it is a runtime for threads, which synchronizes by means of its own"},
    {"libomp[.5]*so*", "it is a runtime for threads, which synchronizes by means of its own"},
    {"libiomp5*.so*", "it is a runtime for threads, which synchronizes by means of its own"},
    {"libtbb*.so*", "it is a runtime for threads, which synchronizes by means of its own"},
    {"libatomic.so*", "it is the compiler's library of atomics"},
    {"libasan.so*", "it is a sanitizer"},
    {"libtsan.so*", "it is a sanitizer"},
    {"libubsan.so*", "it is a sanitizer"},
    {"liblsan.so*", "it is a sanitizer"},
    {"libclang_rt.*", "it is a sanitizer"},
};

static const char *const system_directories[] = {"/lib/",     "/lib32/",     "/lib64/",     "/libx32/",
                                                 "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/libx32/"};

static bool is_of_system(const char *path)
{
	for (size_t i = 0; i < sizeof system_directories / sizeof *system_directories; i++)
		if (!strncmp(path, system_directories[i], strlen(system_directories[i])))
			return true;
	return false;
}

/* A library that lies in the program's own directory, or below it, as those of large programs in /usr/lib/NAME do. */
static bool lies_with(const char *module, const char *executable)
{
	size_t directory = (size_t)(base_of(executable) - executable);

	return directory > 1 && !strncmp(module, executable, directory);
}

const char *race_module_left_out(const char *module, const char *executable)
{
	if (*module != '/')
		return "it is no file";
	if (!strcmp(module, executable))
		return NULL;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (fnmatch(rules[i].name, base_of(module), 0) == 0)
			return rules[i].why;
	return is_of_system(module) && !lies_with(module, executable) ? "it is a library of the system" : NULL;
}
