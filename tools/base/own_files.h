/* Files that belong to ringtail: where it was built, they lie beside the command; where it was installed, in
 * directories of their own. */
#ifndef RINGTAIL_BASE_OWN_FILES_H
#define RINGTAIL_BASE_OWN_FILES_H

#include <limits.h>

/* Writes the directory of the running command, "" if it is not known. */
void own_directory(char out[PATH_MAX]);
/* The path of the file of that name in the directory of the command, or else in one of `places`, which are relative to
 * that directory ("../share/ringtail") and end with NULL.  Malloced; NULL: it is in none of them, or cannot be read. */
char *own_file_find(const char *name, const char *const *places);

#endif
