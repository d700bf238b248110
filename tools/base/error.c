#include "tools/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool error_set(struct error *err, int code, const char *format, ...)
{
	va_list arguments;

	err->code = code;
	err->retry = err->unwritable = false;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof err->text, format, arguments);
	va_end(arguments);
	for (char *c = err->text; *c; c++) /* the message stays one line: names of files may contain newlines */
		if ((unsigned char)*c < ' ')
			*c = '?';
	return false;
}

/* What to do where rights are missing. */
static const char *advice_of(const char *path, char *text, size_t room)
{
	struct stat status;

	if (stat(path, &status))
		return "run this as the user that recorded it";
	if (status.st_uid == geteuid())
		return "its mode forbids that";
	snprintf(text, room, "it belongs to user %u: run this as that user", (unsigned)status.st_uid);
	return text;
}

bool error_set_unreadable(struct error *err, const char *path, int error)
{
	char advice[80];

	if (error != EACCES && error != EPERM)
		return error_set(err, EXIT_BAD_DATA, "cannot read %s: %s", path, strerror(error));
	return error_set(err, EXIT_BAD_DATA, "cannot read %s: %s; %s", path, strerror(error),
	                 advice_of(path, advice, sizeof advice));
}

int error_print(const struct error *err)
{
	fprintf(stderr, "ringtail: %s\n", err->text);
	return err->code;
}
