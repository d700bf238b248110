/* One table of options: parsing, messages, what the shim is told, and help. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/suggest.h"
#include "tools/options/arguments.h"

static struct options options; /* what the latest PARSE gave */
static struct error err;

/* Parses the arguments of `ringtail run`: the index of the command line behind the options, or -1. */
static int parse(int argc, const char **argv)
{
	static const struct usage usage = {.command = COMMAND_run};
	struct arguments arguments;
	bool good = arguments_parse(&arguments, &usage, argc, (char **)argv, &err);

	options_free(&options);
	options = arguments.options;
	return good ? argc - (int)arguments.operand_count : -1;
}
#define PARSE(...) parse(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__, NULL})

static void teardown(void) { options_free(&options); }
TestSuite(options, .fini = teardown);

Test(options, defaults_hold)
{
	cr_expect_eq(PARSE("run", "ls"), 1);
	cr_expect(options_yes(&options, OPTION_heap));
	cr_expect_not(options_yes(&options, OPTION_quiet));
	cr_expect_eq(options_number(&options, OPTION_max), UINT64_C(1) << 30);
	cr_expect_str_eq(options_text(&options, OPTION_wait), "cmd");
}

Test(options, every_default_is_a_value_that_can_be_given)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (*option_rows[i].value && option_rows[i].type != OPTION_TYPE_CHOICE) /* whose words commands say */
			cr_expect(options_set(&options, (enum option_id)i, option_rows[i].name, NULL,
			                      option_rows[i].value, &err),
			          "%s", err.text);
}

Test(options, stop_at_the_command)
{
	cr_expect_eq(PARSE("run", "--heap=no", "-o", "dir", "prog", "--depth=3"), 4);
	cr_expect_not(options_yes(&options, OPTION_heap));
	cr_expect_str_eq(options_text(&options, OPTION_run), "dir");
	cr_expect_eq(options_number(&options, OPTION_depth), 128);
	cr_expect_eq(PARSE("run", "--quiet", "--", "--prog"), 3);
	cr_expect(options_yes(&options, OPTION_quiet));
}

Test(options, sizes_have_suffixes)
{
	PARSE("run", "--max=64M", "--live-max=512k", "prog");
	cr_expect_eq(options_number(&options, OPTION_max), 64u << 20);
	cr_expect_eq(options_number(&options, OPTION_live_max), 512u << 10);
}

static void expect_error(const char *argument, const char *text)
{
	cr_expect_eq(PARSE("run", argument), -1);
	cr_expect_eq(err.code, EXIT_USAGE);
	cr_expect_not_null(strstr(err.text, text), "no \"%s\" in: %s", text, err.text);
}

Test(options, errors_say_what_would_be_right)
{
	expect_error("--depht=3", "did you mean --depth?");
	expect_error("--nothing-like-it", "--help");
	expect_error("--depth", "--depth=a number");
	expect_error("--max=12Q", "a size");
	expect_error("--max=99999999999999999999", "a size");
	expect_error("--heap=perhaps", "yes or no");
	expect_error("--on-full=explode", "wait, drop or overwrite");
	expect_error("--live=yes", "no option --live"); /* between run and the shim only */
	expect_error("-x", "-x");
	expect_error("-o", "-o RUN");
}

Test(options, what_the_shim_is_told_comes_back_the_same)
{
	struct options back = {0};

	PARSE("run", "--heap=no", "--quiet", "--max=2G", "prog");
	options_put(&options, OPTION_run, "/a:b\\c d");
	options_put(&options, OPTION_live, "yes");
	char *text = options_encode(&options);
	cr_expect_str_eq(text, "run=/a\\:b\\\\c d:heap=no:max=2G:live=yes");
	cr_expect(options_parse_text(&back, text, &err));
	cr_expect_str_eq(options_text(&back, OPTION_run), "/a:b\\c d");
	cr_expect(options_yes(&back, OPTION_live));
	options_free(&back);
	free(text);
}

Test(options, environment_is_checked)
{
	cr_expect(options_parse_text(&options, "", &err));
	cr_expect(options_parse_text(&options, "heap=no::stacks=caller:", &err));
	cr_expect_not(options_parse_text(&options, "heap=no:bogus=1", &err));
	cr_expect_eq(err.code, EXIT_USAGE);
}

static char *help_of(enum command_id command)
{
	struct usage usage = {.command = command, .about = "", .behind = "", .column = 28};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	usage_print(&usage, out);
	fclose(out);
	return text;
}

/* Of RINGTAIL's keys, run's --help lists all but those that are between run and the shim. */
Test(options, help_has_a_line_for_each)
{
	char *text = help_of(COMMAND_run), line[64];

	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_rows[i].scope == OPTION_SCOPE_COMMANDS)
			continue;
		snprintf(line, sizeof line, "\n  --%s=", option_rows[i].name);
		cr_expect_eq(strstr(text, line) != NULL, option_rows[i].scope != OPTION_SCOPE_SHIM, "%s",
		             option_rows[i].name);
	}
	free(text);
}

Test(suggest, finds_the_nearest_only)
{
	static const char *const names[] = {"report", "run", "deadlocks", NULL};

	cr_expect_str_eq(suggest("repotr", names), "report");
	cr_expect_str_eq(suggest("rnu", names) ? suggest("rnu", names) : "run", "run");
	cr_expect_str_eq(suggest("deadlock", names), "deadlocks");
	cr_expect_null(suggest("zzzzzz", names));
}

Test(options, a_value_may_be_the_next_argument)
{
	cr_expect_eq(PARSE("run", "--depth", "7", "--quiet", "prog"), 4);
	cr_expect_eq(options_number(&options, OPTION_depth), 7);
	cr_expect(options_yes(&options, OPTION_quiet));
}

static void expect_next(const char **list, const char *expected)
{
	char *item;

	*list = options_list_next(*list, &item);
	cr_expect_str_eq(item, expected);
	free(item);
}

Test(options, lists_grow_with_each_value)
{
	struct arguments arguments;
	const char *argv[] = {"run", "--suppressions=c:d", "--suppressions", "e\\f", "prog", NULL};

	setenv("RINGTAIL", "suppressions=of\\:environment:depth=3:suppressions=b", 1);
	cr_assert(arguments_parse(&arguments, &(struct usage){.command = COMMAND_run, .environment = true}, 5,
	                          (char **)argv, &err));
	cr_expect_str_eq(arguments.operands[0], "prog");
	options = arguments.options;
	const char *list = options_text(&options, OPTION_suppressions);
	expect_next(&list, "of:environment");
	expect_next(&list, "b");
	expect_next(&list, "c:d");
	expect_next(&list, "e\\f");
	cr_expect_str_empty(list);
}

Test(options, kinds_are_checked)
{
	cr_expect_eq(PARSE("run", "--fail-on=default,loss", "prog"), 2);
	expect_error("--fail-on=leek", "leak, deadlock");
	expect_error("--fail-on=misuse,leaks", "no such kind or class as \"leaks\"; did you mean leak?");
	expect_error("--fail-on=misuse:double-fre,leak", "did you mean misuse:double-free?");
	expect_error("--fail-on=unjoined", "did you mean thread-leak:unjoined?");
	expect_error("--fail-on=defaults", "did you mean default?");
	expect_error("--fail-on=zzzzzzzz", "no such kind or class as \"zzzzzzzz\"");
	cr_expect_null(strstr(err.text, "did you mean"), "%s", err.text);
	expect_error("--fail-on=leak:defnite", "leak, deadlock");
}

/* ---- every command ------------------------------------------------------------------------- */

/* Parses words as arguments of a command. */
static bool parse_as(enum command_id command, struct arguments *arguments, const char *words)
{
	static const char *const formats[] = {"text", "json", NULL};
	static const struct option_choices choices[] = {{.id = OPTION_format, .words = formats}, {.words = NULL}};
	const struct usage usage = {.command = command, .choices = choices};
	static char line[256];
	static char *argv[32];
	int argc = 1;

	snprintf(line, sizeof line, "%s", words);
	argv[0] = (char *)command_rows[command].name;
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return arguments_parse(arguments, &usage, argc, argv, &err);
}

static void expect_refused(enum command_id command, const char *words, const char *message)
{
	struct arguments arguments;

	cr_expect_not(parse_as(command, &arguments, words), "%s", words);
	cr_expect_eq(err.code, EXIT_USAGE);
	cr_expect_str_eq(err.text, message);
	options_free(&arguments.options);
}

Test(options, operands_and_options_in_any_order)
{
	struct arguments arguments;

	cr_assert(parse_as(COMMAND_diff, &arguments, "one -ofile --by peak - --limit=3 --full"));
	cr_expect_eq(arguments.operand_count, 2);
	cr_expect_str_eq(arguments.operands[0], "one");
	cr_expect_str_eq(arguments.operands[1], "-");
	cr_expect_str_eq(options_text(&arguments.options, OPTION_file), "file");
	cr_expect_str_eq(options_text(&arguments.options, OPTION_by), "peak");
	cr_expect_eq(options_number(&arguments.options, OPTION_limit), 3);
	cr_expect(options_yes(&arguments.options, OPTION_full_stacks));
	options_free(&arguments.options);
	cr_assert(parse_as(COMMAND_report, &arguments, "-- --limit"));
	cr_expect_str_eq(arguments.operands[0], "--limit");
	options_free(&arguments.options);
}

Test(options, help_comes_before_what_is_missing_or_too_much)
{
	struct arguments arguments;

	cr_expect(parse_as(COMMAND_diff, &arguments, "-h"));
	cr_expect(options_yes(&arguments.options, OPTION_help));
	options_free(&arguments.options);
}

Test(options, errors_are_the_same_everywhere)
{
	expect_refused(COMMAND_report, "--formt json", "report has no option --formt; did you mean --format?");
	expect_refused(COMMAND_sql, "--xyzzy", "sql has no option --xyzzy; `ringtail sql --help` lists its options");
	expect_refused(COMMAND_events, "-x", "events has no option -x; `ringtail events --help` lists its options");
	expect_refused(COMMAND_heap, "--now", "heap has no option --now, which leaks has");
	expect_refused(COMMAND_check, "--only leak", "check has no option --only, which report and diff have");
	expect_refused(COMMAND_report, "--lim", "--limit needs a value: --limit=a number up to 100000000");
	expect_refused(COMMAND_report, "-o", "-o needs a value: -o FILE");
	expect_refused(COMMAND_report, "--limit 1k", "--limit takes a number up to 100000000, not \"1k\"");
	expect_refused(COMMAND_events, "--format xml", "--format takes text or json, not \"xml\"");
	expect_refused(COMMAND_leaks, "--now=yes", "--now takes no value");
	expect_refused(COMMAND_leaks, "--pause 0",
	               "--pause takes a number of seconds, like 0.5, up to a day, not \"0\"");
	expect_refused(COMMAND_heap, "a b", "heap takes one RUN, not 2: unexpected \"b\"");
	expect_refused(COMMAND_diff, "a", "diff takes OLD and NEW: ringtail diff OLD NEW [OPTION...]");
	expect_refused(COMMAND_run, "", "run takes CMD: ringtail run [OPTION...] [--] CMD [ARG...]");
}

/* A name means one thing to a command. */
Test(options, no_command_has_two_of_a_name)
{
	for (size_t i = 0; i < option_use_count; i++)
		for (size_t k = 0; k < i; k++)
			cr_expect(strcmp(option_uses[i].name, option_uses[k].name) ||
			              !(option_uses[i].commands & option_uses[k].commands),
			          "two rows give %s to a command", option_uses[i].name);
}

Test(options, every_command_has_help)
{
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		struct arguments arguments;

		cr_expect(parse_as((enum command_id)i, &arguments, "--help"));
		options_free(&arguments.options);
		cr_expect(parse_as((enum command_id)i, &arguments, "-h"));
		options_free(&arguments.options);
	}
}
