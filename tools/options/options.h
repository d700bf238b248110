/*
 * The options of all commands: the table of options.def, and the values that the user gave.  Values come from the
 * command line (arguments.h), or from RINGTAIL as "key=value:key=value".  The shim gets its options by RINGTAIL too.
 */
#ifndef RINGTAIL_OPTIONS_OPTIONS_H
#define RINGTAIL_OPTIONS_OPTIONS_H

#include "tools/base/error.h"
#include "tools/options/command.h"
#include "tools/options/option_types.h"

enum option_id {
#define OPTION(id, name, type, value, scope, help)                   OPTION_##id,
#define COMMAND_OPTION(id, name, type, value, commands, place, help) OPTION_##id,
#define ALSO(id, name, commands, place, help)
#include "tools/options/options.def"
#undef OPTION
#undef COMMAND_OPTION
#undef ALSO
	OPTION_COUNT
};

enum option_scope {
	OPTION_SCOPE_BOTH,
	OPTION_SCOPE_SHIM,
	OPTION_SCOPE_TOOL,
	OPTION_SCOPE_COMMANDS /* no key of RINGTAIL */
};

struct option_row {
	const char *name, *value; /* value: the default */
	enum option_type type;
	enum option_scope scope;
};
extern const struct option_row option_rows[OPTION_COUNT];

/* Which commands take an option, and how their --help shows it. */
struct option_use {
	enum option_id id;
	const char *name;
	uint32_t commands;       /* bits 1 << COMMAND_x */
	const char *placeholder; /* NULL: the type's */
	const char *help;        /* NULL: --help does not list it */
};
extern const struct option_use option_uses[];
extern const size_t option_use_count;

static inline bool option_use_of(const struct option_use *use, enum command_id command)
{
	return use->commands & 1u << command;
}

struct options {                   /* zeroed: nothing was given */
	char *given[OPTION_COUNT]; /* NULL: not given, the default holds */
};

void options_free(struct options *options);
/* Checks and sets one option.  spelled: its name as the user wrote it, dashes included, for errors.  words: those of an
 * OPTION_TYPE_CHOICE.  On failure err says what would be right (EXIT_USAGE). */
bool options_set(struct options *options, enum option_id id, const char *spelled, const char *const *words,
                 const char *value, struct error *err);
/* Sets one option without a check: for a value that is known to be valid, or a path. */
void options_put(struct options *options, enum option_id id, const char *value);
/* Fills err and returns false: the command has no such option; err names the commands that have it, or the option that
 * was probably meant.  name: without dashes. */
bool options_refuse(enum command_id command, const char *name, struct error *err);

/* Parses "key=value:key=value", as in RINGTAIL. */
bool options_parse_text(struct options *options, const char *text, struct error *err);
/* Parses RINGTAIL, if it is set.  It skips keys that an outer `ringtail run` has set there for its shim.  An error says
 * that the text is in RINGTAIL. */
bool options_parse_environment(struct options *options, struct error *err);
/* The given options that concern the shim, as a text for RINGTAIL; malloced. */
char *options_encode(const struct options *options);

const char *options_text(const struct options *options, enum option_id id);
/* PATHS: sets *item to the first path of a list from options_text, malloced.  Returns the rest of the list. */
const char *options_list_next(const char *list, char **item);
bool options_yes(const struct options *options, enum option_id id);
/* SIZE, FRAMES, COUNT, PID, SECONDS or MS; 0 if the option is not given and has no default */
uint64_t options_number(const struct options *options, enum option_id id);
/* DURATION */
double options_seconds(const struct options *options, enum option_id id);

#endif
