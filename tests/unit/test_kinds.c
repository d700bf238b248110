/*
 * The table of kinds: that its rows agree with each other, that lists of kinds mean what they say, and that the
 * documentation and help that name kinds say the same.  Runs in the project's root, as all tests do.
 */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands/commands.h"
#include "tools/finding/findings.h"
#include "tools/suppress/rules.h"

#define FINDINGS_DOC "docs/FINDINGS.md"

/* The whole file, malloced. */
static char *read_file(const char *path)
{
	char *text = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "re");

	cr_assert(file, "no %s", path);
	cr_assert_geq(getdelim(&text, &room, '\0', file), 0, "%s is empty", path);
	fclose(file);
	return text;
}

/* ---- rows ------------------------------------------------------------------------------------- */

Test(kinds, names_are_found_again)
{
	for (enum finding_class class = FINDING_NONE + 1; class < FINDING_COUNT; class ++) {
		const char *kind = kind_name(class_kind(class)), *name = class_name(class);

		cr_expect(class_is(kind, name, class), "%s:%s", kind, name);
		cr_expect(kind_has_class(kind, strlen(kind), name, strlen(name)), "%s:%s", kind, name);
		for (enum finding_class other = class + 1; other < FINDING_COUNT; other++)
			cr_expect_not(class_is(kind, name, other), "two rows are %s:%s", kind, name);
	}
	for (enum finding_kind kind = 0; kind < KIND_COUNT; kind++)
		cr_expect_eq(kind_find(kind_name(kind), strlen(kind_name(kind))), kind_name(kind), "two rows are %s",
		             kind_name(kind));
}

/* `default` names misuse as a whole: what is left out of it fails a check that asks for the kind or the class. */
Test(kinds, a_call_that_failed_fails_no_check_unless_asked)
{
	cr_expect_not(kinds_match(KINDS_DEFAULT, "misuse", "api-error-ignored"));
	cr_expect_not(kinds_match(KINDS_DEFAULT, "misuse", "negative-size"));
	cr_expect(kinds_match("misuse", "misuse", "api-error-ignored"));
	cr_expect(kinds_match("default,misuse:api-error-ignored", "misuse", "api-error-ignored"));
	cr_expect_not(kind_is_quiet("misuse", "api-error-ignored"));
	for (enum finding_class class = FINDING_NONE + 1; class < FINDING_COUNT; class ++)
		if (class_kind(class) == KIND_MISUSE && class != FINDING_MISUSE_API_ERROR_IGNORED &&
		    class != FINDING_MISUSE_NEGATIVE_SIZE)
			cr_expect(kinds_match(KINDS_DEFAULT, "misuse", class_name(class)), "%s", class_name(class));
}

Test(kinds, a_class_may_be_any_word_where_the_row_says_so)
{
	struct finding_list list = {0};

	cr_expect(kind_has_class("contention", 10, "mutex", 5));
	cr_expect(kind_has_class("loss", 4, "scan", 4));
	cr_expect_not(kind_has_class("pool", 4, "mutex", 5));
	cr_expect_str_eq(finding_class_name(finding_add_word(&list, KIND_CONTENTION, "mutex")), "mutex");
	cr_expect_null(finding_class_name(finding_add_word(&list, KIND_LOSS, NULL)));
	cr_expect_str_eq(finding_class_name(finding_add(&list, FINDING_LOSS_EVENTS)), "events");
	finding_list_free(&list);
}

/* A database may be of another version: its names are no error. */
Test(kinds, names_without_a_row_are_shown_and_fail_nothing)
{
	cr_expect_not(kind_is_quiet("crash", "SIGSEGV"));
	cr_expect_not(kinds_match(KINDS_DEFAULT, "crash", "SIGSEGV"));
	cr_expect_not(kind_is_quiet("leak", "new-class"));
	cr_expect_not(kinds_match(KINDS_DEFAULT, "leak", "new-class"));
	cr_expect(kinds_match(KINDS_DEFAULT, "misuse", "new-class"));
	cr_expect_str_eq(kind_meaning("crash"), "");
}

/* Every class is reported by some analyser: a row without one would be dead.  A check is told of the exceptions. */
Test(kinds, each_class_is_reported_by_some_analyser)
{
	static const char *const symbols[FINDING_COUNT] = {
#define KIND(id, ...)
#define CLASS(kind, id, ...) [FINDING_##kind##_##id] = "FINDING_" #kind "_" #id,
#include "tools/finding/kinds.def"
#undef KIND
#undef CLASS
	};
	bool found[FINDING_COUNT] = {false};
	glob_t files = {0};

	cr_assert_eq(glob("tools/analyse/*.c", 0, NULL, &files), 0);
	cr_assert_eq(glob("tools/analyse/*/*.c", GLOB_APPEND, NULL, &files), 0);
	cr_assert_eq(glob("tools/races/*.c", GLOB_APPEND, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		char *text = read_file(files.gl_pathv[i]);

		for (enum finding_class class = FINDING_NONE + 1; class < FINDING_COUNT; class ++)
			found[class] |= strstr(text, symbols[class]) != NULL;
		free(text);
	}
	globfree(&files);
	for (enum finding_class class = FINDING_NONE + 1; class < FINDING_COUNT; class ++) {
		char name[96];

		snprintf(name, sizeof name, "%s:%s", kind_name(class_kind(class)), class_name(class));
		cr_expect(found[class] == !kinds_unsought(name), "%s", symbols[class]);
	}
}

/* ---- lists ------------------------------------------------------------------------------------ */

/* What the end-to-end tests expect of programs must be a name that --fail-on takes. */
Test(kinds, all_that_is_expected_anywhere_is_known)
{
	static const char *const expected[] = {
#define FINDINGS(program, arguments, text) text,
#define SHAPE(program, shape, text)        text,
#include "tests/e2e/tables/findings.def"
	};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		char *list = strdup(expected[i]), *rest = list, *item;
		const char *bad;

		while ((item = strsep(&rest, " "))) {
			item[strcspn(item, "=")] = '\0';
			cr_expect(!*item || kinds_valid(item, &bad), "%s is in no table", item);
		}
		free(list);
	}
}

/* A check that names a class that no analyser reports is told so. */
Test(kinds, a_list_that_names_a_class_that_is_not_sought_is_noticed)
{
	cr_expect_str_eq(kinds_unsought("leak,race:heap-handoff"), "race:heap-handoff");
	cr_expect_null(kinds_unsought("race,race:free,race:data"));
	cr_expect_null(kinds_unsought("default"));
	cr_expect_null(kinds_unsought("leak,deadlock,thread-leak,misuse,contention,pool,loss"));
}

Test(kinds, an_item_of_a_list_is_found_as_a_whole)
{
	cr_expect(kinds_have_item("leak,race:data,misuse", "race:data"));
	cr_expect(kinds_have_item("race:data", "race:data"));
	cr_expect(!kinds_have_item("race", "race:data"));
	cr_expect(!kinds_have_item("race:data", "race"));
	cr_expect(!kinds_have_item("", "race"));
}

Test(kinds, default_stands_for_a_list)
{
	const char *bad;
	char *list = kinds_expanded("pool,default");

	cr_expect(kinds_match("default", "misuse", "double-free"));
	cr_expect(kinds_match("loss,default", "leak", "definite"));
	cr_expect_not(kinds_match("default", "leak", "possible"));
	cr_expect_not(kinds_match("default", "deadlock", "inversion"));
	cr_expect(kinds_valid("default,pool:churn", &bad));
	cr_expect_not(kinds_valid("default:leak", &bad));
	cr_expect_not(kinds_valid("misuse:double-fre", &bad));
	cr_expect_not(kinds_valid("leak:", &bad));
	cr_expect_str_eq(list,
	                 "pool,leak:definite,leak:indirect,deadlock:realised,deadlock:predicted,thread-leak:unjoined,"
	                 "misuse,race:free,race:libc-state,race:data");
	free(list);
}

/* Reports begin with the worst. */
Test(kinds, findings_are_sorted_by_rank)
{
	static const enum finding_class worst_first[] = {
	    FINDING_DEADLOCK_REALISED,   FINDING_DEADLOCK_PREDICTED,    FINDING_MISUSE_DOUBLE_FREE,
	    FINDING_LEAK_DEFINITE,       FINDING_LEAK_INDIRECT,         FINDING_LEAK_POSSIBLE,
	    FINDING_LEAK_LIVE_AT_DEATH,  FINDING_LEAK_REACHABLE,        FINDING_THREAD_LEAK_UNJOINED,
	    FINDING_THREAD_LEAK_BLOCKED, FINDING_THREAD_LEAK_RUNNING,   FINDING_DEADLOCK_INVERSION,
	    FINDING_LOSS_EVENTS,         FINDING_NONE /* contention */, FINDING_POOL_CHURN};
	size_t count = sizeof worst_first / sizeof *worst_first;
	struct finding_list list = {0};

	for (size_t i = count; i-- > 0;)
		if (worst_first[i] == FINDING_NONE)
			finding_add_word(&list, KIND_CONTENTION, "mutex");
		else
			finding_add(&list, worst_first[i]);
	finding_list_sort(&list);
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(list.items[i].class, worst_first[i], "number %zu is %s:%s", i,
		             finding_kind_name(&list.items[i]), finding_class_name(&list.items[i]));
	finding_list_free(&list);
}

/* thread:, mutex: and signal: of other tools each match some class. */
Test(kinds, rules_of_other_tools_match_some_class)
{
	static const char *const types[] = {"thread", "mutex", "signal"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct rules rules = {0};
		struct error err;
		char text[32];
		size_t matches = 0;

		snprintf(text, sizeof text, "%s:main", types[i]);
		cr_assert(rules_parse(&rules, "made", text, strlen(text), &err), "%s", err.text);
		for (enum finding_class class = FINDING_NONE + 1; class < FINDING_COUNT; class ++)
			matches += rule_is_for(&rules.items[0], kind_name(class_kind(class)), class_name(class), NULL);
		cr_expect_gt(matches, 0, "%s", text);
		rules_free(&rules);
	}
}

/* ---- the documentation ---------------------------------------------------------------------------- */

/* Cell 0, 1, ... of a table's row, without blanks around it; false: the row has fewer. */
static bool cell_of(const char *row, unsigned number, char *to, size_t room)
{
	const char *end;

	for (; number && row; number--)
		row = strchr(row + 1, '|');
	end = row && *row == '|' ? strchr(row + 1, '|') : NULL;
	if (!end)
		return false;
	row += 1 + strspn(row + 1, " ");
	while (end > row && end[-1] == ' ')
		end--;
	snprintf(to, room, "%.*s", (int)(end - row), row);
	return true;
}

/* What a row says of the class: "| leak | [definite](#leakdefinite) | ...", or, of misuse, "| double-free | ...". */
static bool row_is_about(const char *row, const char *kind, const char *class, char *means, size_t room)
{
	char first[256], second[256], link[256];

	if (!cell_of(row, 0, first, sizeof first) || !cell_of(row, 1, second, sizeof second))
		return false;
	snprintf(link, sizeof link, "[%s](#%s%s)", class, kind, class);
	if (!strcmp(first, kind) && (!strcmp(second, class) || !strcmp(second, link)))
		return cell_of(row, 2, means, room);
	return !strcmp(kind, KIND_NAME_MISUSE) && !strcmp(first, class) && cell_of(row, 1, means, room);
}

static void expect_documented(const char *text, enum finding_class class)
{
	const char *kind = kind_name(class_kind(class)), *name = class_name(class), *help = class_help(class);
	char *default_list = kinds_expanded(KINDS_DEFAULT), full_name[96], means[512], information[512];

	snprintf(full_name, sizeof full_name, "%s:%s", kind, name);
	snprintf(information, sizeof information, "%s (%s)", help,
	         strstr(default_list, full_name) ? "a part of that finding" : "information");
	free(default_list);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line != '|' || !row_is_about(line, kind, name, means, sizeof means))
			continue;
		if (kind_is_quiet(kind, name))
			cr_expect_str_eq(means, information, FINDINGS_DOC " says of %s:%s: %s", kind, name, means);
		else
			cr_expect(!strncmp(means, help, strlen(help)) && !strstr(means, "(information)"),
			          FINDINGS_DOC " says of %s:%s: %s", kind, name, means);
		return;
	}
	cr_expect_fail("no table of " FINDINGS_DOC " has a row for %s:%s", kind, name);
}

Test(kinds, each_class_is_documented)
{
	char *text = read_file(FINDINGS_DOC);

	for (enum finding_class class = FINDING_NONE + 1; class < FINDING_COUNT; class ++)
		expect_documented(text, class);
	free(text);
}

/* "## leak:definite", "## contention", "## misuse: mutexes": kinds and classes that there are. */
Test(kinds, headings_name_what_there_is)
{
	char *text = read_file(FINDINGS_DOC), heading[128];
	size_t headings = 0;

	for (const char *line = strstr(text, "\n## "); line; line = strstr(line + 1, "\n## ")) {
		const char *bad;

		snprintf(heading, sizeof heading, "%.*s", (int)strcspn(line + 4, "\n"), line + 4);
		if (strstr(heading, ": "))
			*strstr(heading, ": ") = '\0';
		cr_expect(kinds_valid(heading, &bad), FINDINGS_DOC " has a section on %s: no row of kinds.def",
		          heading);
		headings++;
	}
	cr_expect_gt(headings, 20, FINDINGS_DOC " has %zu sections", headings);
	free(text);
}

Test(kinds, each_kind_has_a_section)
{
	char *text = read_file(FINDINGS_DOC), heading[128];

	for (enum finding_kind kind = 0; kind < KIND_COUNT; kind++) {
		snprintf(heading, sizeof heading, "\n## %s", kind_name(kind));
		cr_expect(strstr(text, heading), FINDINGS_DOC " has no section on %s", kind_name(kind));
	}
	free(text);
}

/* ---- help and man pages ---------------------------------------------------------------------------- */

/* Of a sentence of names: words between them, and macros of man pages. */
static bool is_no_name(const char *word, size_t length)
{
	static const char *const words[] = {"and", "or", "Li", "Cm"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == length && !strncmp(words[i], word, length))
			return true;
	return false;
}

/* The names from one text to another become a list: "a, b and\nc." is "a,b,c". */
static void list_between(const char *text, const char *from, const char *to, char *list, size_t room)
{
	const char *start = strstr(text, from), *end = start ? strstr(start + strlen(from), to) : NULL;
	size_t length = 0;

	cr_assert(end, "\"%s\" ... \"%s\" is not in %s", from, to, text);
	for (start += strlen(from); start < end && length + 2 < room;) {
		size_t word = strcspn(start, " ,\n`().;");

		if (word && !is_no_name(start, word))
			length += (size_t)snprintf(list + length, room - length, "%s%.*s", length ? "," : "", (int)word,
			                           start);
		start += word + strspn(start + word, " ,\n`().;");
	}
}

static void expect_default(const char *where, const char *text, const char *from, const char *to)
{
	char list[512] = "", *expected = kinds_expanded(KINDS_DEFAULT);

	list_between(text, from, to, list, sizeof list);
	cr_expect_str_eq(list, expected, "%s says that default is %s, it is %s", where, list, expected);
	free(expected);
}

static void expect_default_in(const char *path, const char *from, const char *to)
{
	char *text = read_file(path);

	expect_default(path, text, from, to);
	free(text);
}

Test(kinds, help_of_check_lists_the_default, .init = cr_redirect_stdout)
{
	char *argv[] = {"check", "--help", NULL}, text[16384];

	cr_assert_eq(cmd_check(2, argv), 0);
	fflush(stdout);
	FILE *out = cr_get_redirected_stdout();
	text[fread(text, 1, sizeof text - 1, out)] = '\0';
	expect_default("ringtail check --help", text, "\ndefault means ", "\n\n");
}

Test(kinds, documents_list_the_default)
{
	expect_default_in("docs/man/ringtail-check.1", "stands for\n", ",\nwhich");
	expect_default_in("docs/HOWTO_CI.md", "`default` is ", ". The last");
}

/* All kinds are there, in any order, and no other word is. */
static void expect_kinds_in(const char *path, const char *from, const char *to)
{
	char *text = read_file(path), list[256] = "", *rest = list, *item;
	bool listed[KIND_COUNT] = {false};

	list_between(text, from, to, list, sizeof list);
	while ((item = strsep(&rest, ","))) {
		enum finding_kind kind = 0;

		while (kind < KIND_COUNT && !kind_is(item, kind))
			kind++;
		cr_expect_lt(kind, KIND_COUNT, "%s lists %s, which is no kind", path, item);
		if (kind < KIND_COUNT)
			listed[kind] = true;
	}
	for (enum finding_kind kind = 0; kind < KIND_COUNT; kind++)
		cr_expect(listed[kind], "%s does not list %s", path, kind_name(kind));
	free(text);
}

Test(kinds, man_pages_list_the_kinds)
{
	expect_kinds_in("docs/man/ringtail-report.1", "kinds of this version are\n", ";\n");
	expect_kinds_in("docs/man/ringtail-suppressions.5", ".It Ar KIND\n", ",\nas reports");
}
