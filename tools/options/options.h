/*
 * The options of all commands: options.def as a table, and the values that were given.  They are given on the command
 * line (arguments.h), or as "key=value:key=value" in RINGTAIL, which is also how the shim is told.
 */
#ifndef RINGTAIL_TOOLS_OPTIONS_H
#define RINGTAIL_TOOLS_OPTIONS_H

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

enum option_scope { OPTION_SCOPE_BOTH, OPTION_SCOPE_SHIM, OPTION_SCOPE_TOOL, OPTION_SCOPE_COMMANDS /* no key of RINGTAIL */ };

struct option_row {
	const char *name, *value; /* value: the default */
	enum option_type type;
	enum option_scope scope;
};
extern const struct option_row option_rows[OPTION_COUNT];

/* How commands take an option. */
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

struct options { /* zeroed: nothing was given */
	char *given[OPTION_COUNT]; /* NULL: the default holds */
};

void options_free(struct options *options);
/* Checks and sets one.  spelled: as the user wrote its name, dashes included, for errors; words: of OPTION_TYPE_CHOICE.  On
 * failure err says what would be right (EXIT_USAGE). */
bool options_set(struct options *options, enum option_id id, const char *spelled, const char *const *words,
                 const char *value, struct error *err);
/* For a value that is known to be good, or any text of a path. */
void options_put(struct options *options, enum option_id id, const char *value);
/* Fills err with: the command has no such option, and which others have it or which one was meant; returns false.  name:
 * without dashes. */
bool options_refuse(enum command_id command, const char *name, struct error *err);

/* Takes "key=value:key=value", as in RINGTAIL. */
bool options_parse_text(struct options *options, const char *text, struct error *err);
/* Takes what RINGTAIL holds, if it is set, but for what another `ringtail run` around us told its shim there.  An error says
 * that it stands in RINGTAIL. */
bool options_parse_environment(struct options *options, struct error *err);
/* What was given and concerns the shim, in that form; malloced. */
char *options_encode(const struct options *options);

const char *options_text(const struct options *options, enum option_id id);
/* PATHS: *item is the first of the list that options_text gives, malloced.  Returns what follows. */
const char *options_list_next(const char *list, char **item);
bool options_yes(const struct options *options, enum option_id id);
/* SIZE, FRAMES, COUNT, PID, SECONDS or MS; 0 where the default is none */
uint64_t options_number(const struct options *options, enum option_id id);
/* DURATION */
double options_seconds(const struct options *options, enum option_id id);

#endif
