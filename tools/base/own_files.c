#include "tools/base/own_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void own_directory(char out[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	out[length > 0 ? length : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash)
		*slash = '\0';
}

static char *readable(const char *directory, const char *place, const char *name)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof path, "%s/%s/%s", directory, place, name);
	return access(path, R_OK) ? NULL : realpath(path, NULL);
}

char *own_file_find(const char *name, const char *const *places)
{
	char self[PATH_MAX], *path;

	own_directory(self);
	for (path = readable(self, ".", name); !path && *places; places++)
		path = readable(self, *places, name);
	return path;
}
