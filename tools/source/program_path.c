#include "tools/source/program_path.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return !stat(one, &a) && !stat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Writes the path of the first word of the command in the directory of the file.  False: there is none. */
static bool path_beside(const char *file, const char *word, char out[RT_PATH_MAX])
{
	const char *slash = strrchr(file, '/'), *name = strrchr(word, '/');
	int directory = slash ? (int)(slash + 1 - file) : 0;

	name = name ? name + 1 : word;
	return *name && directory && snprintf(out, RT_PATH_MAX, "%.*s%s", directory, file, name) < RT_PATH_MAX;
}

const char *program_path(const struct rt_header *header, char out[RT_PATH_MAX])
{
	char file[RT_PATH_MAX], word[RT_COMMAND_MAX];
	size_t bytes = header->command_bytes < RT_COMMAND_MAX ? header->command_bytes : RT_COMMAND_MAX;

	snprintf(file, sizeof file, "%.*s", (int)sizeof header->exe - 1, header->exe);
	snprintf(word, sizeof word, "%.*s", (int)strnlen(header->command, bytes), header->command);
	if (*word == '/' && is_same_file(word, file))
		return strcpy(out, word);
	if (path_beside(file, word, out) && is_same_file(out, file))
		return out;
	return strcpy(out, file);
}
