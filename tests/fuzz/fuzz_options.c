/*
 * Any text as RINGTAIL's value, read by the shim and by the tool, and as the arguments of every command.
 * Options that the tool accepts and encodes for the shim are accepted again, with the same meaning.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/options/arguments.h"

#define ARGUMENTS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *options_parse(const char *text); /* the shim's; its header has another struct options */

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void hand_on(struct options *given)
{
	struct options again = {0};
	struct error err;
	char *text = options_encode(given);

	must(text && options_parse_text(&again, text, &err));
	char *same = options_encode(&again);
	must(same && !strcmp(text, same));
	options_parse(text);
	free(text);
	free(same);
	options_free(&again);
}

static void read_text(const char *text)
{
	struct options options = {0};
	struct error err;

	options_parse(text);
	if (options_parse_text(&options, text, &err))
		hand_on(&options);
	options_free(&options);
}

/* Its lines. */
static void read_arguments(enum command_id command, char *text)
{
	static const char *const words[] = {"text", "json", NULL};
	static const struct option_choices choices[] = {
	    {OPTION_format, words, NULL}, {OPTION_view, words, NULL}, {.words = NULL}};
	const struct usage usage = {.command = command, .choices = choices};
	char *argv[ARGUMENTS_MOST + 2] = {"command"};
	struct arguments arguments;
	struct error err;
	int argc = 1;

	for (char *line = strtok(text, "\n"); line && argc <= ARGUMENTS_MOST; line = strtok(NULL, "\n"))
		argv[argc++] = line;
	bool good = arguments_parse(&arguments, &usage, argc, argv, &err);
	must(arguments.operand_count < (unsigned)argc);
	if (good) {
		must(!arguments.operands[arguments.operand_count]);
		hand_on(&arguments.options);
	}
	options_free(&arguments.options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read_text(text);
	for (unsigned command = 0; command < COMMAND_COUNT; command++) {
		memcpy(text, data, size);
		read_arguments((enum command_id)command, text);
	}
	free(text);
	return 0;
}
