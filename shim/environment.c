#include "shim/environment.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "shim/options.h"
#include "shim/text.h"

extern void *__libc_stack_end;

static char for_children[SHIM_PATH_MAX + 256]; /* RINGTAIL=... */

/* ---- at the start ------------------------------------------------------------------------ */

/* argc stands at the stack's end, argv and envp follow.  When the loader calls the first hook, libc's environ is not
 * set yet. */
char **environment_initial_arguments(long *count)
{
	long *stack = __libc_stack_end;
	*count = stack ? *stack : 0;
	return (char **)(stack + 1);
}

const char *environment_initial(const char *name)
{
	long count;
	char **variable = environment_initial_arguments(&count) + count + 1;
	size_t length = strlen(name);
	for (; count && *variable; variable++)
		if (!strncmp(*variable, name, length) && (*variable)[length] == '=')
			return *variable + length + 1;
	return NULL;
}

/* ---- for children -------------------------------------------------------------------------- */

void environment_name_run(const char *run)
{
	const char *given = environment_initial("RINGTAIL");
	char *end = for_children + sizeof for_children;
	char *at = text_append(for_children, end, "RINGTAIL=");
	if (given && *given)
		at = text_append(text_append(at, end, given), end, ":");
	text_append_escaped(text_append(at, end, "run="), end, run);
}

const char *environment_for_children(void) { return for_children[0] ? for_children : NULL; }

bool environment_names_run(const char *variable)
{
	return !strncmp(variable, "RINGTAIL=", 9) && strstr(variable + 9, "run=/");
}

void environment_extend(void)
{
	static char *block[4096];
	size_t count = 0;
	if (!environment_for_children() || !environ)
		return;
	for (; environ[count]; count++)
		if (environment_names_run(environ[count]))
			return;
	if (count + 2 > sizeof block / sizeof *block)
		return; /* then children learn of the run only through exec hooks */
	size_t used = 0;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], "RINGTAIL=", 9))
			block[used++] = environ[i];
	block[used++] = for_children;
	block[used] = NULL;
	environ = block;
}
