/* The options of `ringtail run`: shim/options.def as a table that drives parsing, messages, --help and what
 * the shim is told. */
#ifndef RINGTAIL_TOOLS_OPTIONS_H
#define RINGTAIL_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/base/error.h"

enum option_id {
#define OPTION(id, name, type, value, scope, help) OPTION_##id,
#include "shim/options.def"
#undef OPTION
	OPTION_COUNT
};

enum option_type {
	OPTION_TYPE_STRING,
	OPTION_TYPE_PATH,
	OPTION_TYPE_RUN, /* a path; "" for the name alone */
	OPTION_TYPE_PATHS,
	OPTION_TYPE_KINDS,
	OPTION_TYPE_SIZE,
	OPTION_TYPE_FRAMES,
	OPTION_TYPE_SECONDS,
	OPTION_TYPE_MS,
	OPTION_TYPE_YESNO,
	OPTION_TYPE_CHOICE_STACKS,
	OPTION_TYPE_CHOICE_ON_FULL,
	OPTION_TYPE_CHOICE_WAIT,
	OPTION_TYPE_CHOICE_ON_DEADLOCK,
};

enum option_scope { OPTION_SCOPE_BOTH, OPTION_SCOPE_SHIM, OPTION_SCOPE_TOOL };

struct option_row {
	const char *name, *value, *help;
	enum option_type type;
	enum option_scope scope;
};
extern const struct option_row option_rows[OPTION_COUNT];

struct options {
	char *given[OPTION_COUNT]; /* NULL: the default holds */
};

void options_free(struct options *options);
/* Checks and sets one; value NULL: `--key` alone.  On failure err says what would be right (EXIT_USAGE). */
bool options_set(struct options *options, const char *name, const char *value, struct error *err);
/* As options_set, for an option whose value is known to be good, or any text of a path. */
void options_put(struct options *options, enum option_id id, const char *value);
/* Takes --key=value, --key value, --key (of yes or no) and -o RUN from argv[1] on, to the first that is none, or past "--".  Returns the
 * index of what follows, or -1 with err filled. */
int options_parse_arguments(struct options *options, int argc, char **argv, struct error *err);
/* Takes "key=value:key=value", as in RINGTAIL. */
bool options_parse_text(struct options *options, const char *text, struct error *err);
/* Takes what RINGTAIL holds, if it is set; an error says that it stands there. */
bool options_parse_environment(struct options *options, struct error *err);
/* What was given and concerns the shim, in that form; malloced. */
char *options_encode(const struct options *options);

const char *options_text(const struct options *options, enum option_id id);
/* PATHS: *item is the first of the list that options_text gives, malloced.  Returns what follows. */
const char *options_list_next(const char *list, char **item);
bool options_yes(const struct options *options, enum option_id id);
/* SIZE, FRAMES, SECONDS or MS */
uint64_t options_number(const struct options *options, enum option_id id);

/* A line for each option that the command line takes. */
void options_help(FILE *out);

#endif
