/* The man pages and --help say the same: commands, options, defaults, one line of help. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(man);

#define MAN            "docs/man/"
#define NAME_MAX_BYTES 64
#define NAMES_MAX      64

struct command_row {
	const char *name, *help;
};

static const struct command_row commands[] = {
#define COMMAND(name, usage, operands, help) {#name, help},
#include "tools/options/commands.def"
#undef COMMAND
};
#define COMMANDS (sizeof commands / sizeof *commands)

struct names {
	char items[NAMES_MAX][NAME_MAX_BYTES];
	size_t count;
};

static bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->items[i], name))
			return true;
	return false;
}

static void names_add(struct names *names, const char *text, size_t bytes)
{
	char name[NAME_MAX_BYTES];

	snprintf(name, sizeof name, "%.*s", (int)bytes, text);
	if (!bytes || names_have(names, name) || !strcmp(name, "help"))
		return;
	cr_assert_lt(names->count, (size_t)NAMES_MAX);
	strcpy(names->items[names->count++], name);
}

/* Every NAME in text that stands behind prefix. */
static void names_behind(struct names *names, const char *text, const char *prefix)
{
	while ((text = strstr(text, prefix))) {
		size_t bytes = 0;

		text += strlen(prefix);
		while (islower((unsigned char)text[bytes]) || (bytes && text[bytes] == '-'))
			bytes++;
		names_add(names, text, bytes);
	}
}

static char *read_page(const char *name, char section)
{
	char path[RT_PATH];
	size_t bytes, room = 1 << 16;
	char *text = malloc(room);

	snprintf(path, sizeof path, MAN "%s.%c", name, section);
	FILE *file = fopen(path, "r");
	cr_assert(file && text, "%s is missing", path);
	bytes = fread(text, 1, room - 1, file);
	text[bytes] = '\0';
	fclose(file);
	return text;
}

static char *command_page(const char *command)
{
	char name[NAME_MAX_BYTES];

	snprintf(name, sizeof name, "ringtail-%s", command);
	return read_page(name, '1');
}

static struct names help_options(const char *command)
{
	struct rt rt = rt_new();
	struct names names = {.count = 0};
	char words[NAME_MAX_BYTES];

	snprintf(words, sizeof words, "%s --help", command);
	struct outcome outcome = rt_tool(&rt, words);
	names_behind(&names, outcome.out, "--");
	outcome_free(&outcome);
	rt_end(&rt);
	return names;
}

static struct names page_options(const char *page)
{
	struct names names = {.count = 0};

	names_behind(&names, page, ".It Fl -");
	return names;
}

static void expect_all(const struct names *wanted, const struct names *there, const char *command, const char *where)
{
	for (size_t i = 0; i < wanted->count; i++)
		cr_expect(names_have(there, wanted->items[i]), "ringtail %s: --%s is not in its %s", command,
		          wanted->items[i], where);
}

Test(man, options_are_those_of_help)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		char *page = command_page(commands[i].name);
		struct names of_help = help_options(commands[i].name), of_page = page_options(page);

		cr_expect_gt(of_help.count, 0, "ringtail %s --help shows no option", commands[i].name);
		expect_all(&of_help, &of_page, commands[i].name, "man page");
		expect_all(&of_page, &of_help, commands[i].name, "--help");
		free(page);
	}
}

static void expect_narrow(const char *words)
{
	struct rt rt = rt_new();
	struct outcome outcome = rt_tool(&rt, words);

	cr_expect_eq(outcome.status, 0, "ringtail %s: %s", words, outcome.err);
	for (char *line = strtok(outcome.out, "\n"); line; line = strtok(NULL, "\n"))
		cr_expect_leq(strlen(line), 100, "ringtail %s: %zu columns: %s", words, strlen(line), line);
	outcome_free(&outcome);
	rt_end(&rt);
}

Test(man, help_fits_into_100_columns)
{
	char words[NAME_MAX_BYTES + 16];

	expect_narrow("help");
	for (size_t i = 0; i < COMMANDS; i++) {
		snprintf(words, sizeof words, "%s --help", commands[i].name);
		expect_narrow(words);
	}
}

Test(man, one_line_is_that_of_help)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		char line[256], *page = command_page(commands[i].name);

		snprintf(line, sizeof line, "\n.Nd %s\n", commands[i].help);
		cr_expect(strstr(page, line), "ringtail-%s.1 does not say \"%s\"", commands[i].name, commands[i].help);
		free(page);
	}
}

Test(man, first_page_names_every_command)
{
	char *page = read_page("ringtail", '1');

	for (size_t i = 0; i < COMMANDS; i++) {
		char item[128];

		snprintf(item, sizeof item, "\n.It Cm %s\n%s;\n.Xr ringtail-%s 1\n", commands[i].name, commands[i].help,
		         commands[i].name);
		cr_expect(strstr(page, item), "ringtail.1 lacks the item of %s", commands[i].name);
	}
	free(page);
}

/* The item of an option in ringtail-run.1 ends with its default. */
static void expect_default(const char *page, const char *option, const char *value)
{
	char item[NAME_MAX_BYTES], text[NAME_MAX_BYTES];

	snprintf(item, sizeof item, "\n.It Fl -%s Ns", option);
	const char *from = strstr(page, item);
	cr_assert(from, "ringtail-run.1 has no item for --%s", option);
	const char *next = strstr(from + 1, "\n.It "), *end = strstr(from, "\n.El");
	snprintf(text, sizeof text, "\nDefault: %s.\n", value);
	const char *found = strstr(from, text);
	next = next && next < end ? next : end;
	cr_expect(found && found < next, "ringtail-run.1: --%s does not say \"Default: %s.\"", option, value);
}

Test(man, defaults_are_those_of_the_table)
{
	char *page = command_page("run");

#define DEFAULT_BOTH(name, value)                                                                                      \
	if (*(value))                                                                                                  \
		expect_default(page, name, value);
#define DEFAULT_TOOL(name, value) DEFAULT_BOTH(name, value)
#define DEFAULT_SHIM(name, value)
#define OPTION(id, name, type, value, scope, help) DEFAULT_##scope(name, value)
#include "shim/options.def"
#undef OPTION
	free(page);
}

static void expect_limits_last(const char *name, char section)
{
	char *page = read_page(name, section), *last = NULL;

	for (char *at = page; (at = strstr(at, "\n.Sh ")); at++)
		last = at;
	cr_expect(last && !strncmp(last, "\n.Sh LIMITS\n", 12), "%s.%c does not end with LIMITS", name, section);
	free(page);
}

Test(man, every_page_ends_with_its_limits)
{
	char name[NAME_MAX_BYTES];

	for (size_t i = 0; i < COMMANDS; i++) {
		snprintf(name, sizeof name, "ringtail-%s", commands[i].name);
		expect_limits_last(name, '1');
	}
	expect_limits_last("ringtail", '1');
	expect_limits_last("ringtail-run-format", '5');
	expect_limits_last("ringtail-suppressions", '5');
}

/* groff finds no error; passes if there is no groff with the mdoc macros. */
Test(man, groff_has_no_warnings)
{
	const char *argv[] = {"sh", "-c",
	                      "groff -mdoc -Tascii -z /dev/null 2> /dev/null || exit 0\n"
	                      "groff -mdoc -Tascii -ww -z " MAN "*.[15] 2>&1",
	                      NULL};
	struct outcome outcome = spawn((struct command){.argv = argv});

	cr_expect_eq(outcome.status, 0, "groff: status %d", outcome.status);
	cr_expect_str_empty(outcome.out, "%s", outcome.out);
	outcome_free(&outcome);
}
