/*
 * What libraries leave behind, and what their users lose: the rules that hold by default suppress the first, and must
 * not suppress the second.  The libraries are opened at run time, so that the build does not need them.
 *
 *	library_leaks patterns        a pattern and a character set of fontconfig that are kept
 *	library_leaks lost_pattern    a pattern that is lost
 *	library_leaks quarks          thousands of quarks of GLib
 *	library_leaks lost_string     a string of GLib that is lost
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "shapes.h"

void *volatile kept[2];

/* Ends with 77 where the library is not installed. */
static void *function(const char *library, const char *name)
{
	void *handle = dlopen(library, RTLD_NOW), *found = handle ? dlsym(handle, name) : NULL;

	if (!found)
		exit(77);
	return found;
}

static void *fontconfig(const char *name) { return function("libfontconfig.so.1", name); }
static void *glib(const char *name) { return function("libglib-2.0.so.0", name); }

static void patterns(void)
{
	void *(*parse)(const char *) = (void *(*)(const char *))fontconfig("FcNameParse");
	void *(*create)(void) = (void *(*)(void))fontconfig("FcCharSetCreate");
	int (*add)(void *, unsigned) = (int (*)(void *, unsigned))fontconfig("FcCharSetAddChar");

	kept[0] = parse("serif:size=12");
	kept[1] = create();
	for (unsigned character = 0; character < 0x1000; character += 0x100)
		add(kept[1], character);
}

static void lost_pattern(void)
{
	void *(*create)(void) = (void *(*)(void))fontconfig("FcPatternCreate");
	int (*add)(void *, const char *, int) = (int (*)(void *, const char *, int))fontconfig("FcPatternAddInteger");

	add(create(), "weight", 100);
}

static void quarks(void)
{
	unsigned (*from_string)(const char *) = (unsigned (*)(const char *))glib("g_quark_from_string");
	char name[32];

	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "quark-%d", i);
		from_string(name);
	}
}

static void lost_string(void)
{
	char *(*copy)(const char *) = (char *(*)(const char *))glib("g_strdup");

	copy("lost");
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {SHAPE(patterns), SHAPE(lost_pattern), SHAPE(quarks), SHAPE(lost_string)};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
