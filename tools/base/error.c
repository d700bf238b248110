#include "tools/base/error.h"

#include <stdarg.h>
#include <stdio.h>

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

int error_print(const struct error *err)
{
	fprintf(stderr, "ringtail: %s\n", err->text);
	return err->code;
}
