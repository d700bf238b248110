/* One table of options: parsing, messages, what the shim is told, and help. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tools/options/options.h"
#include "tools/base/suggest.h"

static int parse(struct options *options, struct error *err, int argc, const char **argv)
{
	return options_parse_arguments(options, argc, (char **)argv, err);
}
#define PARSE(...)                                                                                           \
	parse(&options, &err, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                        \
	      (const char *[]){__VA_ARGS__, NULL})

static struct options options;
static struct error err;

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
		if (*option_rows[i].value)
			cr_expect(options_set(&options, option_rows[i].name, option_rows[i].value, &err),
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
	PARSE("run", "--max=64M", "--live-max=512k");
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

	PARSE("run", "--heap=no", "--quiet", "--max=2G");
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

Test(options, help_has_a_line_for_each)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	options_help(out);
	fclose(out);
	for (int i = 0; i < OPTION_COUNT; i++) {
		bool listed = strstr(text, option_rows[i].help) != NULL;
		cr_expect_eq(listed, option_rows[i].scope != OPTION_SCOPE_SHIM, "%s", option_rows[i].name);
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
	cr_assert(options_parse_text(&options, "suppressions=of\\:environment:depth=3:suppressions=b", &err));
	cr_expect_eq(PARSE("run", "--suppressions=c:d", "--suppressions", "e\\f", "prog"), 4);
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
	expect_error("--fail-on=leak:defnite", "leak, deadlock");
}
