#include "tools/options/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"
#include "tools/base/suggest.h"
#include "tools/finding/kinds.h"

/* ---- the tables ---------------------------------------------------------------------- */

const struct command_row command_rows[COMMAND_COUNT] = {
#define COMMAND(name, usage, operands, help) [COMMAND_##name] = {#name, usage, OPERANDS_##operands, help},
#include "tools/options/commands.def"
#undef COMMAND
};

const struct option_row option_rows[OPTION_COUNT] = {
#define OPTION(id, name, type, value, scope, help)                                                                     \
	[OPTION_##id] = {name, value, OPTION_TYPE_##type, OPTION_SCOPE_##scope},
#define COMMAND_OPTION(id, name, type, value, commands, place, help)                                                   \
	[OPTION_##id] = {name, value, OPTION_TYPE_##type, OPTION_SCOPE_COMMANDS},
#define ALSO(id, name, commands, place, help)
#include "tools/options/options.def"
#undef OPTION
#undef COMMAND_OPTION
#undef ALSO
};

/* Values of the column COMMANDS. */
enum {
	RUN = 1u << COMMAND_run,
	REPORT = 1u << COMMAND_report,
	CHECK = 1u << COMMAND_check,
	LEAKS = 1u << COMMAND_leaks,
	DEADLOCKS = 1u << COMMAND_deadlocks,
	HEAP = 1u << COMMAND_heap,
	THREADS = 1u << COMMAND_threads,
	LOCKS = 1u << COMMAND_locks,
	EXPORT = 1u << COMMAND_export,
	EVENTS = 1u << COMMAND_events,
	DIFF = 1u << COMMAND_diff,
	SQL = 1u << COMMAND_sql,
	EVERY = (1u << COMMAND_COUNT) - 1,
	FINDINGS = REPORT | CHECK | LEAKS | DEADLOCKS | DIFF, /* commands that show findings */
	LISTS = REPORT | LEAKS | DEADLOCKS | HEAP | THREADS | LOCKS | DIFF,
	REPORTS = LISTS | CHECK,
	/* of the column SCOPE: the commands that take a key of RINGTAIL as an option */
	TAKEN_BOTH = RUN,
	TAKEN_SHIM = 0,
	TAKEN_TOOL = RUN,
};
_Static_assert(COMMAND_COUNT < 32, "option_use.commands has a bit for each");

const struct option_use option_uses[] = {
#define OPTION(id, name, type, value, scope, help)                   {OPTION_##id, name, TAKEN_##scope, NULL, help},
#define COMMAND_OPTION(id, name, type, value, commands, place, help) {OPTION_##id, name, commands, place, help},
#define ALSO(id, name, commands, place, help)                        {OPTION_##id, name, commands, place, help},
#include "tools/options/options.def"
#undef OPTION
#undef COMMAND_OPTION
#undef ALSO
};
const size_t option_use_count = sizeof option_uses / sizeof *option_uses;

/* ---- refusing -------------------------------------------------------------------------- */

static bool value_refused(const char *spelled, enum option_type type, const char *const *words, const char *value,
                          struct error *err)
{
	char text[256];
	const char *wanted = option_type_wanted(type, words, text, sizeof text), *bad = value;

	if (type != OPTION_TYPE_KINDS)
		return error_set(err, EXIT_USAGE, "%s takes %s, not \"%s\"", spelled, wanted, value);
	kinds_valid(value, &bad);
	bool near = kinds_suggest(bad, text, sizeof text);
	return error_set(err, EXIT_USAGE, "%s takes %s: no such kind or class as \"%.*s\"%s%s%s", spelled, wanted,
	                 (int)strcspn(bad, ","), bad, near ? "; did you mean " : "", text, near ? "?" : "");
}

/* Commands that have the option. */
static uint32_t commands_with(const char *name)
{
	uint32_t commands = 0;

	for (size_t i = 0; i < option_use_count; i++)
		if (!strcmp(option_uses[i].name, name))
			commands |= option_uses[i].commands;
	return commands;
}

/* "report and diff have" */
static void write_owners(uint32_t commands, char *text, size_t room)
{
	const char *verb = commands & (commands - 1) ? "have" : "has";
	size_t used = 0;

	for (unsigned i = 0; i < COMMAND_COUNT && used < room; i++) {
		if (!(commands & 1u << i))
			continue;
		commands &= ~(1u << i);
		used += (size_t)snprintf(text + used, room - used, "%s%s", command_rows[i].name,
		                         !commands                   ? " "
		                         : commands & (commands - 1) ? ", "
		                                                     : " and ");
	}
	snprintf(text + (used < room ? used : room - 1), used < room ? room - used : 1, "%s", verb);
}

/* An option of the command with a similar name. */
static const char *near_option(enum command_id command, const char *name)
{
	const char **names = memory_zeroed(option_use_count + 1, sizeof *names);
	size_t count = 0;

	for (size_t i = 0; i < option_use_count; i++)
		if (option_use_of(&option_uses[i], command) && option_uses[i].name[1])
			names[count++] = option_uses[i].name;
	const char *near = suggest(name, names);
	free(names);
	return near;
}

bool options_refuse(enum command_id command, const char *name, struct error *err)
{
	const char *dashes = name[0] && name[1] ? "--" : "-", *of = command_rows[command].name;
	uint32_t owners = commands_with(name) & ~(1u << command);
	char others[256];

	if (owners) {
		write_owners(owners, others, sizeof others);
		return error_set(err, EXIT_USAGE, "%s has no option %s%s, which %s", of, dashes, name, others);
	}
	const char *near = near_option(command, name);
	if (near)
		return error_set(err, EXIT_USAGE, "%s has no option %s%s; did you mean --%s?", of, dashes, name, near);
	return error_set(err, EXIT_USAGE, "%s has no option %s%s; `ringtail %s --help` lists its options", of, dashes,
	                 name, of);
}

/* ---- setting ------------------------------------------------------------------------- */

void options_free(struct options *options)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		free(options->given[i]);
		options->given[i] = NULL;
	}
}

static void write_protected(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == ':' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* A list in the form that the shim reads: "one:another". */
static void append(struct options *options, enum option_id id, const char *value)
{
	char *list = NULL;
	size_t size;
	FILE *out = open_memstream(&list, &size);

	if (!out)
		return;
	if (options->given[id])
		fprintf(out, "%s:", options->given[id]);
	write_protected(out, value);
	fclose(out);
	free(options->given[id]);
	options->given[id] = list;
}

void options_put(struct options *options, enum option_id id, const char *value)
{
	free(options->given[id]);
	options->given[id] = strdup(value);
}

bool options_set(struct options *options, enum option_id id, const char *spelled, const char *const *words,
                 const char *value, struct error *err)
{
	enum option_type type = option_rows[id].type;

	if (!option_type_fits(type, words, value))
		return value_refused(spelled, type, words, value, err);
	if (type == OPTION_TYPE_PATHS)
		append(options, id, value);
	else
		options_put(options, id, value);
	return true;
}

/* ---- RINGTAIL ------------------------------------------------------------------------------ */

static int find_key(const char *name)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].scope != OPTION_SCOPE_COMMANDS && !strcmp(option_rows[i].name, name))
			return i;
	return -1;
}

/* value: NULL for the key alone */
static bool set_key(struct options *options, const char *key, const char *value, struct error *err)
{
	char spelled[64], text[256];
	int id = find_key(key);

	if (id < 0)
		return options_refuse(COMMAND_run, key, err);
	enum option_type type = option_rows[id].type;
	snprintf(spelled, sizeof spelled, "--%s", key);
	value = value ? value : option_type_alone(type);
	if (!value)
		return error_set(err, EXIT_USAGE, "%s needs a value: %s=%s", spelled, spelled,
		                 option_type_wanted(type, NULL, text, sizeof text));
	return options_set(options, (enum option_id)id, spelled, NULL, value, err);
}

/* Copies one item up to an unprotected ':', without its backslashes.  Returns what follows. */
static const char *next_item(const char *text, char *item)
{
	for (; *text && *text != ':'; text++) {
		if (*text == '\\' && text[1])
			text++;
		*item++ = *text;
	}
	*item = '\0';
	return *text ? text + 1 : text;
}

bool options_parse_text(struct options *options, const char *text, struct error *err)
{
	char *item = memory_zeroed(strlen(text) + 1, 1);
	bool good = true;

	while (good && *text) {
		text = next_item(text, item);
		char *equals = strchr(item, '=');
		if (equals)
			*equals = '\0';
		good = !*item && !equals ? true : set_key(options, item, equals ? equals + 1 : NULL, err);
	}
	free(item);
	return good;
}

/* Drops the keys that an outer `ringtail run` has set for its own shim: they name the outer run's directory. */
static void drop_inherited(struct options *options)
{
	if (!options_yes(options, OPTION_live))
		return;
	free(options->given[OPTION_run]);
	free(options->given[OPTION_live]);
	free(options->given[OPTION_locked]);
	options->given[OPTION_run] = options->given[OPTION_live] = options->given[OPTION_locked] = NULL;
}

bool options_parse_environment(struct options *options, struct error *err)
{
	const char *text = getenv("RINGTAIL");
	struct error why;

	if (text && !options_parse_text(options, text, &why))
		return error_set(err, why.code, "in RINGTAIL: %.900s", why.text);
	drop_inherited(options);
	return true;
}

char *options_encode(const struct options *options)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (int i = 0; i < OPTION_COUNT; i++) {
		enum option_scope scope = option_rows[i].scope;

		if (!options->given[i] || (scope != OPTION_SCOPE_BOTH && scope != OPTION_SCOPE_SHIM))
			continue;
		fprintf(out, "%s%s=", ftell(out) ? ":" : "", option_rows[i].name);
		write_protected(out, options->given[i]);
	}
	fclose(out);
	return text;
}

/* ---- reading ------------------------------------------------------------------------------ */

const char *options_text(const struct options *options, enum option_id id)
{
	return options->given[id] ? options->given[id] : option_rows[id].value;
}

const char *options_list_next(const char *list, char **item)
{
	*item = memory_zeroed(strlen(list) + 1, 1);
	return next_item(list, *item);
}

bool options_yes(const struct options *options, enum option_id id)
{
	return option_parse_yes(options_text(options, id)) == 1;
}

uint64_t options_number(const struct options *options, enum option_id id)
{
	uint64_t number = 0;

	return option_parse_number(options_text(options, id), &number) ? number : 0;
}

double options_seconds(const struct options *options, enum option_id id)
{
	return strtod(options_text(options, id), NULL);
}
