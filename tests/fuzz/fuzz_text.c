/*
 * Any bytes as what people write: a file of suppression rules, and the options of RINGTAIL and of the command
 * line. Whatever is taken is then used.  Nothing of it may crash, hang or go outside of its memory, and what
 * is refused is refused in one line.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/options/arguments.h"
#include "tools/suppress/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_one_line(const struct error *err)
{
	if (!*err->text || strchr(err->text, '\n') || err->code != EXIT_USAGE)
		abort();
}

/* A frame of these texts, and one without a function. */
static void match_frames(const struct rule *rule, const char *text)
{
	const struct rule_frame named = {.function = text, .file = text, .module = text},
	                        nameless = {.module = text, .offset = UINT64_MAX};

	for (unsigned i = 0; i < rule->frame_count; i++) {
		if (!rule->frames[i].name)
			continue;
		frame_pattern_matches(&rule->frames[i], &named);
		frame_pattern_matches(&rule->frames[i], &nameless);
	}
}

static void read_rules(const char *text, size_t size)
{
	static const char *const texts[] = {"main", "/usr/lib/libx.so.1", "std::vector<int, std::allocator<int> >::f",
	                                    ""};
	struct rules rules = {0};
	struct error err = {0};

	if (!rules_parse(&rules, "fuzz", text, size, &err))
		expect_one_line(&err);
	else
		for (size_t i = 0; i < rules.count; i++)
			for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
				pattern_matches(rules.items[i].pattern, texts[j]);
				pattern_matches_path(rules.items[i].pattern, texts[j]);
				match_frames(&rules.items[i], texts[j]);
				rule_is_for(&rules.items[i], "misuse", "cond-two-mutexes", texts[j]);
			}
	rules_free(&rules);
}

/* Options for the shim are the same after they were encoded and parsed again. */
static void go_round(const struct options *options)
{
	struct options again = {0};
	struct error err = {0};
	char *text = options_encode(options), *second;

	if (!text || !options_parse_text(&again, text, &err))
		abort();
	second = options_encode(&again);
	if (!second || strcmp(text, second))
		abort();
	free(text);
	free(second);
	options_free(&again);
}

static void read_paths(const struct options *options)
{
	char *path;

	for (const char *rest = options_text(options, OPTION_suppressions); *rest;) {
		rest = options_list_next(rest, &path);
		free(path);
	}
}

static void read_variable(const char *text)
{
	struct options options = {0};
	struct error err = {0};

	if (!options_parse_text(&options, text, &err))
		expect_one_line(&err);
	else
		go_round(&options);
	read_paths(&options);
	options_free(&options);
}

/* A line is an argument of `ringtail run`. */
static void read_arguments(char *text)
{
	static const struct usage usage = {.command = COMMAND_run};
	char *argv[65] = {"run"}, *line;
	struct arguments arguments;
	struct error err = {0};
	int argc = 1;

	while (argc < 64 && (line = strsep(&text, "\n")))
		argv[argc++] = line;
	if (!arguments_parse(&arguments, &usage, argc, argv, &err))
		expect_one_line(&err);
	else
		go_round(&arguments.options);
	read_paths(&arguments.options);
	options_free(&arguments.options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read_rules(text, size);
	read_variable(text);
	read_arguments(text);
	free(text);
	return 0;
}
