/*
 * The rooms of tools/ keep to their plan: the table in docs/INTERNALS.md is read, and every #include held to it.
 * Runs in the project's root, as all tests do.
 */
#include <criterion/criterion.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN       "docs/INTERNALS.md"
#define ROOMS_MOST 64
#define LINE       1024

struct room {
	char name[32];
	char may[512]; /* names with a blank before and behind each */
};

static struct room rooms[ROOMS_MOST];
static size_t room_count;
static size_t files;

/* ---- the plan ------------------------------------------------------------------------------- */

static void trim(const char *from, size_t length, char *to, size_t room)
{
	while (length && *from == ' ')
		from++, length--;
	while (length && from[length - 1] == ' ')
		length--;
	snprintf(to, room, "%.*s", (int)length, from);
}

/* Cell 1, 2, ... of a row between bars. */
static void cell_of(const char *row, unsigned number, char *to, size_t room)
{
	while (number-- && row)
		row = strchr(row + (*row == '|'), '|');
	const char *start = row ? row + 1 : "", *end = strchr(start, '|');

	trim(start, end ? (size_t)(end - start) : 0, to, room);
}

static void take_row(const char *row)
{
	struct room *room = &rooms[room_count];
	char may[sizeof room->may - 2];

	cr_assert_lt(room_count, ROOMS_MOST);
	cell_of(row, 0, room->name, sizeof room->name);
	cell_of(row, 2, may, sizeof may);
	snprintf(room->may, sizeof room->may, " %s ", may);
	room_count++;
}

static void read_plan(void)
{
	char line[LINE];
	bool here = false;
	FILE *plan = fopen(PLAN, "re");

	cr_assert(plan, "no " PLAN);
	while (fgets(line, sizeof line, plan)) {
		if (!strcmp(line, "<!-- rooms -->\n"))
			here = true;
		else if (here && line[0] != '|')
			break;
		else if (here && strncmp(line, "| room |", 8) && strncmp(line, "| --- |", 7))
			take_row(line);
	}
	fclose(plan);
	cr_assert_gt(room_count, 10, PLAN " has no table below <!-- rooms -->");
}

static const struct room *room_of(const char *name)
{
	for (size_t i = 0; i < room_count; i++)
		if (!strcmp(rooms[i].name, name))
			return &rooms[i];
	return NULL;
}

static bool has_word(const char *words, const char *word)
{
	char spaced[64];

	snprintf(spaced, sizeof spaced, " %s ", word);
	return strstr(words, spaced) != NULL;
}

/* ---- the code --------------------------------------------------------------------------------- */

/* "tools/ROOM/..." to ROOM; "" for what lies loose. */
static void room_of_path(const char *path, char name[32])
{
	const char *start = path + strlen("tools/"), *slash = strchr(start, '/');

	snprintf(name, 32, "%.*s", slash ? (int)(slash - start) : 0, start);
}

#define ADVICE 768

/* False: the plan forbids that the file includes this; advice says what to do. */
static bool is_allowed(const char *path, const char *included, char advice[ADVICE])
{
	static const char *const shared[] = {"shim/format.h",          "shim/atomics.h",      "shim/options.def",
	                                     "shim/option_values.def", "shim/sanitizers.def", "shim/libc_state.def",
	                                     "shim/hooks.def",         "shim/operators.def"};
	char from[32], to[32];

	room_of_path(path, from);
	if (strncmp(included, "tools/", 6)) {
		for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
			if (!strcmp(included, shared[i]))
				return true;
		snprintf(advice, ADVICE,
		         "the tools share format.h, atomics.h and tables (*.def) with shim/, and nothing with tests/");
		return strncmp(included, "shim/", 5) && strncmp(included, "tests/", 6);
	}
	room_of_path(included, to);
	const struct room *room = room_of(from);
	if (!room || !strcmp(from, to) || !strcmp(to, "base") || has_word(room->may, to))
		return true;
	snprintf(advice, ADVICE,
	         "the plan (" PLAN
	         ", \"The rooms of tools/\") lets %s/ include base/ and:%s. Move what is needed to a room "
	         "that stands above both, or let the caller pass it in",
	         from, room->may);
	return false;
}

static void read_includes(const char *path)
{
	char line[LINE], included[LINE], advice[ADVICE];
	unsigned number = 0;
	FILE *file = fopen(path, "re");

	cr_assert(file, "cannot read %s", path);
	while (fgets(line, sizeof line, file)) {
		number++;
		if (sscanf(line, "#include \"%1000[^\"]\"", included) == 1)
			cr_expect(is_allowed(path, included, advice), "%s:%u includes %s: %s", path, number, included,
			          advice);
	}
	fclose(file);
}

static bool is_source(const char *path)
{
	size_t length = strlen(path);

	return length > 2 && path[length - 2] == '.' && (path[length - 1] == 'c' || path[length - 1] == 'h');
}

static int visit(const char *path, const struct stat *stat, int type, struct FTW *place)
{
	char name[32];

	if (type != FTW_F || !is_source(path))
		return 0;
	files++;
	room_of_path(path, name);
	if (!*name) {
		cr_expect_str_eq(path, "tools/main.c",
		                 "%s lies loose: put it into the room whose work it does (" PLAN ")", path);
		return 0;
	}
	cr_expect(room_of(name), "%s: the plan in " PLAN " has no room %s: give it a row", path, name);
	read_includes(path);
	return 0;
}

static void read_code(void)
{
	cr_assert_eq(nftw("tools", visit, 16, FTW_PHYS), 0);
	cr_assert_gt(files, 100, "only %zu files were found: run this in the project's root", files);
}

Test(rooms, code_keeps_to_the_plan)
{
	read_plan();
	read_code();
}

/* A row names rooms of the table that stand above it: so there can be no cycle. */
Test(rooms, the_plan_is_a_strict_order)
{
	read_plan();
	for (size_t i = 0; i < room_count; i++) {
		char may[sizeof rooms[i].may], *rest = NULL;

		snprintf(may, sizeof may, "%s", rooms[i].may);
		for (char *word = strtok_r(may, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
			const struct room *named = room_of(word);

			cr_expect(named, PLAN ": the row of %s names %s, which is no room", rooms[i].name, word);
			cr_expect(!named || named < &rooms[i], PLAN ": the row of %s names %s, which stands below it",
			          rooms[i].name, word);
		}
	}
}

/* Tests the check itself: an include against the plan is noticed. */
Test(rooms, what_is_forbidden_is_noticed)
{
	static const struct {
		const char *path, *included;
		bool good;
	} cases[] = {
	    {"tools/base/error.c", "tools/base/memory.h", true},
	    {"tools/analyse/heap/heap.c", "tools/finding/findings.h", true},
	    {"tools/analyse/heap/heap.c", "shim/format.h", true},
	    {"tools/base/error.c", "tools/source/event.h", false},
	    {"tools/analyse/heap/heap.c", "tools/scan/graph.h", false},
	    {"tools/analyse/heap/heap.c", "shim/ring.h", false},
	    {"tools/store/store.c", "tools/render/text/text.h", false},
	    {"tools/store/store.c", "tests/harness/rt.h", false},
	};

	char advice[ADVICE];

	read_plan();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(is_allowed(cases[i].path, cases[i].included, advice), cases[i].good, "%s including %s",
		             cases[i].path, cases[i].included);
}
