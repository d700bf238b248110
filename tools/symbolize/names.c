#include "tools/symbolize/names.h"

#include <ctype.h>
#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct name {
	char *key;
	char *value;
	UT_hash_handle hh;
};

static const char *lookup(struct name *table, const char *key)
{
	struct name *found = NULL;

	HASH_FIND_STR(table, key, found);
	return found ? found->value : NULL;
}

/* Takes over value.  NULL means that memory ran out: there is no name then. */
static const char *keep(struct name **table, const char *key, char *value)
{
	struct name *name = calloc(1, sizeof(*name));

	if (!name || !value)
		goto fail;
	name->key = strdup(key);
	if (!name->key)
		goto fail;
	name->value = value;
	HASH_ADD_KEYPTR(hh, *table, name->key, strlen(name->key), name);
	return value;
fail:
	free(name);
	free(value);
	return NULL;
}

/* Compilers make local copies of a function ("f.part.0", "f.constprop.1", "f.llvm.123"); for the user they are all
 * "f". */
static char *drop_clone_suffix(char *text)
{
	char *clone = strstr(text, " [clone ");

	if (clone && clone != text)
		*clone = '\0';
	return text;
}

/* The same for names that are not mangled.  Other dots belong to the name: Go has "main.main". */
static size_t length_without_clone_suffix(const char *name, size_t length)
{
	static const char *const suffixes[] = {".part.", ".constprop.", ".isra.", ".cold", ".lto_priv.", ".llvm."};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const char *suffix = memmem(name, length, suffixes[i], strlen(suffixes[i]));

		if (suffix && suffix != name)
			length = (size_t)(suffix - name);
	}
	return length;
}

/* The name without its symbol version, and without glibc's prefix for calls within libc. */
static char *plain_name(const char *raw)
{
	if (!strncmp(raw, "__GI_", 5) && raw[5])
		raw += 5;
	size_t length = *raw == '@' ? strlen(raw) : strcspn(raw, "@");
	return strndup(raw, length_without_clone_suffix(raw, length));
}

bool name_is_mangled(const char *raw)
{
	return !strncmp(raw, "_Z", 2) || !strncmp(raw, "_R", 2) || !strncmp(raw, "__Z", 3);
}

static char *demangle(const char *raw)
{
	char *text = name_is_mangled(raw) ? cplus_demangle(raw, DMGL_ANSI | DMGL_AUTO) : NULL;

	return text ? drop_clone_suffix(text) : plain_name(raw);
}

const char *names_function(struct names *names, const char *raw)
{
	const char *known;

	if (!raw || !*raw)
		return NULL;
	known = lookup(names->functions, raw);
	return known ? known : keep(&names->functions, raw, demangle(raw));
}

/* Removes the last component of out[0..length), unless there is none or it is ".." itself. */
static bool drop_component(const char *out, size_t *length)
{
	size_t end = *length, start = end;

	while (start > 0 && out[start - 1] != '/')
		start--;
	if (start == end || (end - start == 2 && !strncmp(out + start, "..", 2)))
		return false;
	*length = start > 1 ? start - 1 : start;
	return true;
}

/* Moves a component down to the end of what is kept; the places may overlap. */
static void append_component(char *out, size_t *length, const char *part, size_t size)
{
	if (*length > 0 && out[*length - 1] != '/')
		out[(*length)++] = '/';
	memmove(out + *length, part, size);
	*length += size;
}

/* In place: the result is never longer, so what is written is always behind what is read. */
static void clean_path(char *path)
{
	const char *part = path;
	size_t length = 0;

	if (*path == '/')
		length = 1;
	while (*part) {
		size_t size = strcspn(part, "/");
		const char *next = part + size + (part[size] == '/');
		bool here = size == 0 || (size == 1 && part[0] == '.');
		bool up = size == 2 && !strncmp(part, "..", 2);
		bool at_root = up && length == 1 && *path == '/';

		if (!here && !at_root && !(up && drop_component(path, &length)))
			append_component(path, &length, part, size);
		part = next;
	}
	path[length] = '\0';
}

static bool says_nothing(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL, *base = slash ? slash + 1 : path;

	return !path || !*path || !strcmp(base, "???") || !strcmp(base, "?") || !strcmp(base, "<unknown>");
}

/* A relative directory is of no use: the path stays as libdw returned it. */
static char *join(const char *directory, const char *path)
{
	char *text = NULL;

	if (!directory || *directory != '/' || *path == '/')
		return strdup(path);
	return asprintf(&text, "%s/%s", directory, path) < 0 ? NULL : text;
}

const char *names_file(struct names *names, const char *directory, const char *path)
{
	char *joined = says_nothing(path) ? NULL : join(directory, path), *value;
	const char *result = joined ? lookup(names->files, joined) : NULL;

	if (joined && !result) {
		value = strdup(joined);
		if (value)
			clean_path(value);
		result = keep(&names->files, joined, value);
	}
	free(joined);
	return result;
}

bool name_is_main(const char *function)
{
	return function && (!strcmp(function, "main") || strstr(function, "__rust_begin_short_backtrace"));
}

static bool begins(const char *text, const char *start) { return !strncmp(text, start, strlen(start)); }

/* Inlined constructors and operators have no linkage name and so no namespace.  Their source file tells whether they
 * belong to the runtime. */
static bool in_runtime_source(const char *file)
{
	static const char include[] = "/include/c++/";
	const char *version = strstr(file, include);

	version = version ? version + strlen(include) : "";
	return isdigit((unsigned char)*version) || begins(version, "v1/") ||
	       (begins(file, "/rustc/") && strstr(file, "/library/"));
}

static const char *file_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

bool name_is_c_library(const char *module)
{
	const char *name = file_name(module);

	return name && (begins(name, "libc.so") || begins(name, "ld-linux"));
}

/* The bracket that closes the one at text[0]; NULL: there is none.  "->" is not a bracket. */
static const char *closing_bracket(const char *text)
{
	int depth = 0;

	for (const char *at = text; *at; at++) {
		depth += *at == '<';
		depth -= *at == '>' && at > text && at[-1] != '-';
		if (!depth)
			return at;
	}
	return NULL;
}

static bool begins_with_one_of(const char *text, const char *const *starts)
{
	while (*starts && !begins(text, *starts))
		starts++;
	return *starts != NULL;
}

/* Rust's own methods of a type of the standard library, as "<alloc::vec::Vec<T>>::push": only that library can have
 * them. Methods of a trait, as "<alloc::vec::Vec<u8> as From<T>>::from", can be the program's. */
static bool is_method_of_rust_library(const char *function)
{
	static const char *const types[] = {"<alloc::", "<core::", "<std::", "<[", "<str>", NULL};
	const char *end = begins_with_one_of(function, types) ? closing_bracket(function) : NULL;
	const char *as = end ? memmem(function, (size_t)(end - function), " as ", 4) : NULL;

	return end && !as && begins(end, ">::");
}

bool name_is_runtime(const char *module, const char *function, const char *file)
{
	static const char *const functions[] = {"std::",   "__gnu_cxx::", "__gthread_", "operator new",
	                                        "alloc::", "__rust",      NULL};
	const char *name = file_name(module);

	if (name_is_c_library(module) || (name && begins(name, "libstdc++.so")))
		return true;
	if (function && (begins_with_one_of(function, functions) || is_method_of_rust_library(function)))
		return true;
	return file && in_runtime_source(file);
}

static void free_table(struct name **table)
{
	struct name *name, *next;

	HASH_ITER(hh, *table, name, next)
	{
		HASH_DEL(*table, name);
		free(name->key);
		free(name->value);
		free(name);
	}
}

void names_free(struct names *names)
{
	free_table(&names->functions);
	free_table(&names->files);
}
