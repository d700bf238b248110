#include "shim/sanitizer.h"

#include <string.h>

/* Weak references, which the loader resolves.  A failed dlsym would allocate, in a sanitizer that may not be ready. */
#define SANITIZER(name, library, symbol) extern void symbol(void) __attribute__((weak));
#include "shim/sanitizers.def"
#undef SANITIZER

const char *sanitizer_here(void)
{
#define SANITIZER(name, library, symbol)                                                                               \
	if (symbol)                                                                                                    \
		return name;
#include "shim/sanitizers.def"
#undef SANITIZER
	return NULL;
}

static const struct runtime {
	const char *name, *of_gcc, *of_clang;
} runtimes[] = {
#define SANITIZER(name, library, symbol) {name, "lib" library ".so", "libclang_rt." library},
#include "shim/sanitizers.def"
#undef SANITIZER
};

static const char *last_slash(const char *path, size_t length)
{
	while (length && path[length - 1] != '/')
		length--;
	return path + length;
}

static int begins(const char *text, size_t length, const char *with)
{
	size_t needed = strlen(with);
	return length >= needed && !memcmp(text, with, needed);
}

const char *sanitizer_of_library(const char *path, size_t length)
{
	const char *base = last_slash(path, length);
	length -= (size_t)(base - path);
	for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
		if (begins(base, length, runtimes[i].of_gcc) || begins(base, length, runtimes[i].of_clang))
			return runtimes[i].name;
	return NULL;
}
