/*
 * Any text as RINGTAIL's value, read by the shim and by the tool, and as the arguments of `ringtail run`.
 * What the tool understands and hands on, it understands again, and means the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/options/options.h"

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
static void read_arguments(char *text)
{
	char *argv[ARGUMENTS_MOST + 2] = {"run"};
	struct options options = {0};
	struct error err;
	int argc = 1;

	for (char *line = strtok(text, "\n"); line && argc <= ARGUMENTS_MOST; line = strtok(NULL, "\n"))
		argv[argc++] = line;
	int first = options_parse_arguments(&options, argc, argv, &err);
	must(first <= argc);
	if (first >= 0)
		hand_on(&options);
	options_free(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read_text(text);
	read_arguments(text);
	free(text);
	return 0;
}
