/* Completion of the command line: each shell is asked what it would complete. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(completion);

/* The words are in "$@", the last one is completed; $1 is the file. */
static const char bash_script[] = "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _ringtail; "
                                  "printf '<%s>' \"${COMPREPLY[@]}\"";
static const char fish_script[] = "source $argv[1]; set line \"$argv[2..-1]\"; "
                                  "for c in (complete -C\"$line\"); printf '<%s>' (string split -- \\t $c)[1]; end";
/* Its own functions, which need an interactive shell, are replaced by ones that show what they are told. */
static const char zsh_script[] =
    "_arguments() { print -rl -- \"$@\" }; _describe() { print -rl -- \"${commands[@]}\" }; "
    "words=(\"$@\"); CURRENT=$#; source \"$0\"";

static const char *file_of(const struct rt *rt, const char *shell)
{
	static char path[RT_PATH + 32];
	char script[RT_PATH * 3];
	const char *argv[] = {"sh", "-c", script, NULL};

	snprintf(path, sizeof path, "%s/_ringtail", rt->work);
	snprintf(script, sizeof script, "tools/completion/completion.sh '%s' %s > '%s'", rt_built("ringtail"), shell,
	         path);
	struct outcome outcome = spawn((struct command){.argv = argv});
	cr_assert_eq(outcome.status, 0, "%s", outcome.err);
	outcome_free(&outcome);
	return path;
}

static struct outcome ask(struct rt *rt, const char *shell, const char *line)
{
	char **words = words_split(line);
	const char *argv[24] = {shell, "-c", NULL, file_of(rt, shell)};
	size_t count = 4;

	argv[2] = !strcmp(shell, "bash") ? bash_script : !strcmp(shell, "fish") ? fish_script : zsh_script;
	for (char **word = words; *word; word++)
		argv[count++] = strcmp(*word, "NOTHING") ? *word : "";
	struct outcome outcome = spawn((struct command){.argv = argv, .directory = rt->work});
	words_free(words);
	return outcome;
}

static void expect_completed(const char *shell, const char *line, const char *expected)
{
	struct rt rt = rt_new();
	struct outcome outcome = ask(&rt, shell, line);

	cr_expect(strstr(outcome.out, expected), "%s, %s: no %s in %s%s", shell, line, expected, outcome.out,
	          outcome.err);
	outcome_free(&outcome);
	rt_end(&rt);
}

/* COMPLETE(shell, name, "line", "completion")    NOTHING: an empty word */
#define COMPLETE(shell, name, line, expected)                                                                          \
	Test(completion, shell##_##name) { expect_completed(#shell, line, expected); }

COMPLETE(bash, command, "ringtail dea", "<deadlocks>")
COMPLETE(bash, option, "ringtail check --supp", "<--suppressions>")
COMPLETE(bash, value, "ringtail check --format sa", "<sarif>")
COMPLETE(bash, value_behind_equals, "ringtail run --stacks = ca", "<caller>")
COMPLETE(bash, list_of_kinds, "ringtail check --fail-on leak,dead", "<leak,deadlock>")
COMPLETE(bash, option_of_usage_alone, "ringtail sql --sch", "<--schema>")
COMPLETE(bash, file, "ringtail check --suppressions da", "<data>")
COMPLETE(bash, program, "ringtail run ca", "<cat>")
COMPLETE(fish, command, "ringtail dea", "<deadlocks>")
COMPLETE(fish, option, "ringtail check --supp", "<--suppressions>")
COMPLETE(fish, value, "ringtail check --format sa", "<sarif>")
COMPLETE(fish, value_behind_equals, "ringtail run --stacks=ca", "<--stacks=caller>")
COMPLETE(fish, list_of_kinds, "ringtail check --fail-on leak,dead", "<leak,deadlock>")
COMPLETE(zsh, command, "ringtail dea", "\ndeadlocks:deadlocks that happened")
COMPLETE(zsh, option, "ringtail check NOTHING", "\n*--suppressions[")
COMPLETE(zsh, value, "ringtail check NOTHING", ":value:(text json sarif junit github)\n")
COMPLETE(zsh, value_behind_equals, "ringtail run NOTHING", "\n--stacks=[stack of each event\\: all")

/* Each option that --help shows is offered, and no other. */
static void expect_options_of_help(struct rt *rt, const char *command)
{
	char line[64], words[64], option[96];
	struct outcome offered, help;

	snprintf(line, sizeof line, "ringtail %s --", command);
	snprintf(words, sizeof words, "%s --help", command);
	offered = ask(rt, "bash", line);
	help = rt_tool(rt, words);
	for (char *at = offered.out; (at = strstr(at, "<--")); at++) {
		snprintf(option, sizeof option, "%.*s", (int)strcspn(at + 1, ">="), at + 1);
		cr_expect(strstr(help.out, option), "ringtail %s: %s is not in --help", command, option);
	}
	for (char *at = help.out; (at = strstr(at, "\n  --")); at++) {
		snprintf(option, sizeof option, "<%.*s", (int)strcspn(at + 3, " =\n"), at + 3);
		cr_expect(strstr(offered.out, option), "ringtail %s: %s is not offered: %s", command, option,
		          offered.out);
	}
	outcome_free(&offered);
	outcome_free(&help);
}

Test(completion, options_are_those_of_help)
{
	struct rt rt = rt_new();

#define COMMAND(name, usage, operands, help) expect_options_of_help(&rt, #name);
#include "tools/options/commands.def"
#undef COMMAND
	rt_end(&rt);
}
