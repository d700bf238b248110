#include "tools/races/evidence.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/races/source_text.h"

#define SOURCE_MOST (16u << 20) /* bytes of a file of source */
#define MAX_FRAMES  16
#define LINES_MOST  512 /* that are looked at of one function; larger ones tell nothing */

/* ---- functions ---------------------------------------------------------------------------------- */

enum race_source race_source_by_function(const char *function)
{
	if (!function)
		return RACE_SOURCE_UNKNOWN;
	if (strcasestr(function, "atomic") || strstr(function, "__exchange_and_add"))
		return RACE_SOURCE_ATOMIC;
	return strcasestr(function, "volatile") ? RACE_SOURCE_VOLATILE : RACE_SOURCE_UNKNOWN;
}

bool race_function_copies(const char *function)
{
	static const char *const names[] = {"memcpy",  "memmove", "mempcpy", "memset", "bcopy",   "bzero",
	                                    "strcpy",  "stpcpy",  "strncpy", "strcat", "strncat", "wmemcpy",
	                                    "wmemset", "stpncpy", "memccpy", "wcscpy"};

	if (!function)
		return false;
	while (*function == '_')
		function++;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(names[i]);

		/* "memmove", or "memmove_avx_unaligned_erms" */
		if (!strncmp(function, names[i], length) && (!function[length] || function[length] == '_'))
			return true;
	}
	return false;
}

/* ---- sources ------------------------------------------------------------------------------------- */

/* A file that is newer than the program need not be what the program was made of. */
static bool is_of_program(const struct stat *source, const struct rt_module *module)
{
	struct stat program;

	return stat(module->path, &program) == 0 && S_ISREG(source->st_mode) && source->st_size <= SOURCE_MOST &&
	       (source->st_mtim.tv_sec < program.st_mtim.tv_sec ||
	        (source->st_mtim.tv_sec == program.st_mtim.tv_sec &&
	         source->st_mtim.tv_nsec <= program.st_mtim.tv_nsec));
}

/* The caller frees the bytes; NULL: the file cannot be read, or is not certainly the program's. */
static char *read_source(const char *path, const struct rt_module *module, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat;
	char *bytes = NULL;
	ssize_t got = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &stat) == 0 && is_of_program(&stat, module))
		bytes = malloc((size_t)stat.st_size + 1);
	if (bytes)
		got = read(fd, bytes, (size_t)stat.st_size);
	close(fd);
	if (got < 0) {
		free(bytes);
		return NULL;
	}
	*size = (size_t)got;
	return bytes;
}

struct functions {
	struct symbolizer *symbolizer;
	const struct rt_module *module;
};

static bool is_function(void *context, const char *name)
{
	const struct functions *functions = context;

	return symbolizer_has_function(functions->symbolizer, functions->module, name);
}

/* Applies a check to a line of source; unknown: what holds if the source cannot be had. */
static bool check_line(const struct functions *functions, const struct symbol_line *line, bool unknown,
                       bool (*check)(const struct race_text *text, int line))
{
	struct race_text text = {.is_function = is_function, .context = (void *)functions};
	char *bytes = line->file ? read_source(line->file, functions->module, &text.size) : NULL;
	bool result = unknown;

	text.bytes = bytes;
	if (bytes)
		result = check(&text, line->line);
	free(bytes);
	return result;
}

/* gcc says how it was called; of others nothing is known. */
static bool may_be_optimized(const char *producer)
{
	if (!producer || strncmp(producer, "GNU ", 4) != 0)
		return true;
	for (const char *option = strstr(producer, " -O"); option; option = strstr(option + 1, " -O"))
		if (strncmp(option, " -O0", 4) != 0)
			return true;
	return false;
}

/* Optimized code may be attributed to a line that is not its own, so no line of its function may have a sign. */
static bool is_plain_code(const struct functions *functions, const struct race_place *place, const char *producer)
{
	struct symbol_line lines[LINES_MOST];
	unsigned count =
	    symbolizer_lines(functions->symbolizer, place->module, place->offset, false, lines, LINES_MOST);

	if (!count || count > LINES_MOST)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!check_line(functions, &lines[i], false, race_text_is_plain))
			return false;
	if (!may_be_optimized(producer))
		return true;
	count = symbolizer_lines(functions->symbolizer, place->module, place->offset, true, lines, LINES_MOST);
	for (unsigned i = 0; i < count && count <= LINES_MOST; i++)
		if (check_line(functions, &lines[i], true, race_text_has_sign))
			return false;
	return count <= LINES_MOST;
}

/* ---- sides --------------------------------------------------------------------------------------- */

void race_evidence_of_side(struct symbolizer *symbolizer, const struct race_place *place, struct race_side *side)
{
	struct symbol_frame frames[MAX_FRAMES];
	unsigned count = symbolizer_resolve(symbolizer, place->module, place->offset, true, frames, MAX_FRAMES);
	const char *producer = symbolizer_producer(symbolizer, place->module, place->offset);
	struct functions functions = {symbolizer, place->module};

	side->source = count ? race_source_by_function(frames[0].function) : RACE_SOURCE_UNKNOWN;
	side->copies = count && race_function_copies(frames[0].function);
	if (producer)
		side->compilers = race_compilers_named(producer);
	if (side->source == RACE_SOURCE_UNKNOWN && is_plain_code(&functions, place, producer))
		side->source = RACE_SOURCE_PLAIN;
}

static bool knows_plain_types_alone(struct symbolizer *symbolizer, const struct race_place *place)
{
	return place->module && symbolizer_unit_types(symbolizer, place->module, place->offset) == SYMBOL_TYPE_PLAIN;
}

enum race_type race_evidence_of_type(struct symbolizer *symbolizer, const struct race_place *variable,
                                     const struct race_place sides[2])
{
	static const enum race_type types[] = {
	    [SYMBOL_TYPE_UNKNOWN] = RACE_TYPE_UNKNOWN,
	    [SYMBOL_TYPE_PLAIN] = RACE_TYPE_PLAIN,
	    [SYMBOL_TYPE_ATOMIC] = RACE_TYPE_ATOMIC,
	    [SYMBOL_TYPE_VOLATILE] = RACE_TYPE_VOLATILE,
	};
	enum race_type type = RACE_TYPE_UNKNOWN;

	if (variable->module)
		type = types[symbolizer_variable_type(symbolizer, variable->module, variable->offset)];
	if (type == RACE_TYPE_UNKNOWN && knows_plain_types_alone(symbolizer, &sides[0]) &&
	    knows_plain_types_alone(symbolizer, &sides[1]))
		type = RACE_TYPE_PLAIN;
	return type;
}
