#include "tools/options/options.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/finding/kinds.h"
#include "tools/base/memory.h"
#include "tools/base/suggest.h"

#define MS_MOST 86400000u /* a day */

const struct option_row option_rows[OPTION_COUNT] = {
#define OPTION(id, name, type, value, scope, help)                                                           \
	[OPTION_##id] = {name, value, help, OPTION_TYPE_##type, OPTION_SCOPE_##scope},
#include "shim/options.def"
#undef OPTION
};

#define SECONDS_MOST 86400u

static const char *const stacks_choices[] = {"full", "caller", "none", NULL};
static const char *const on_full_choices[] = {"wait", "drop", "overwrite", NULL};
static const char *const wait_choices[] = {"cmd", "all", NULL};
static const char *const on_deadlock_choices[] = {"report", "kill", "core", NULL};

static const char *const *choices_of(enum option_type type)
{
	switch (type) {
	case OPTION_TYPE_CHOICE_STACKS:
		return stacks_choices;
	case OPTION_TYPE_CHOICE_ON_FULL:
		return on_full_choices;
	case OPTION_TYPE_CHOICE_WAIT:
		return wait_choices;
	case OPTION_TYPE_CHOICE_ON_DEADLOCK:
		return on_deadlock_choices;
	default:
		return NULL;
	}
}

void options_free(struct options *options)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		free(options->given[i]);
		options->given[i] = NULL;
	}
}

/* ---- values ------------------------------------------------------------------------ */

static int parse_yes(const char *value)
{
	if (!strcmp(value, "yes") || !strcmp(value, "1") || !strcmp(value, "on"))
		return 1;
	return !strcmp(value, "no") || !strcmp(value, "0") || !strcmp(value, "off") ? 0 : -1;
}

static unsigned suffix_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	default:
		return 0;
	}
}

static bool parse_number(const char *value, uint64_t *number)
{
	const char *c = value;

	*number = 0;
	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*c - '0'), number))
			return false;
	unsigned shift = suffix_shift(*c);
	if (c == value || (shift ? c[1] : c[0]) || *number > UINT64_MAX >> shift)
		return false;
	*number <<= shift;
	return true;
}

static bool is_choice(const char *const *choices, const char *value)
{
	for (; *choices; choices++)
		if (!strcmp(*choices, value))
			return true;
	return false;
}

static bool is_good(enum option_type type, const char *value)
{
	uint64_t number;

	switch (type) {
	case OPTION_TYPE_STRING:
	case OPTION_TYPE_RUN:
		return true;
	case OPTION_TYPE_PATH:
	case OPTION_TYPE_PATHS:
		return *value != '\0';
	case OPTION_TYPE_KINDS:
		return kinds_valid(value, &value);
	case OPTION_TYPE_SIZE:
		return parse_number(value, &number);
	case OPTION_TYPE_SECONDS:
		return parse_number(value, &number) && number <= SECONDS_MOST;
	case OPTION_TYPE_MS:
		return parse_number(value, &number) && number <= MS_MOST;
	case OPTION_TYPE_FRAMES:
		return parse_number(value, &number) && number >= 1 && number <= RT_DEPTH_MOST;
	case OPTION_TYPE_YESNO:
		return parse_yes(value) >= 0;
	default:
		return is_choice(choices_of(type), value);
	}
}

/* "yes or no", "a size (512K, 64M, 1G)", "wait, drop or overwrite" */
static const char *wanted(enum option_type type, char *text, size_t room)
{
	const char *const *choices = choices_of(type);

	switch (type) {
	case OPTION_TYPE_STRING:
		return "a text";
	case OPTION_TYPE_PATH:
	case OPTION_TYPE_PATHS:
		return "a path";
	case OPTION_TYPE_RUN:
		return "the directory of a run";
	case OPTION_TYPE_KINDS:
		return kinds_wanted();
	case OPTION_TYPE_SIZE:
		return "a size like 512K, 64M or 1G";
	case OPTION_TYPE_MS:
		return "a number of milliseconds, up to a day";
	case OPTION_TYPE_FRAMES:
		return "a number from 1 to 4096";
	case OPTION_TYPE_SECONDS:
		return "a number of seconds";
	case OPTION_TYPE_YESNO:
		return "yes or no";
	default:
		break;
	}
	*text = '\0';
	for (size_t i = 0; choices[i]; i++) {
		if (i)
			strncat(text, choices[i + 1] ? ", " : " or ", room - strlen(text) - 1);
		strncat(text, choices[i], room - strlen(text) - 1);
	}
	return text;
}

/* ---- setting ------------------------------------------------------------------------- */

static int find(const char *name)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (!strcmp(option_rows[i].name, name))
			return i;
	return -1;
}

static bool unknown(const char *name, struct error *err)
{
	const char *names[OPTION_COUNT + 1];

	size_t count = 0;
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].scope != OPTION_SCOPE_SHIM)
			names[count++] = option_rows[i].name;
	names[count] = NULL;
	const char *near = suggest(name, names);
	if (near)
		return error_set(err, EXIT_USAGE, "no option --%s; did you mean --%s?", name, near);
	return error_set(err, EXIT_USAGE, "no option --%s; `ringtail run --help` lists them", name);
}

static void write_protected(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == ':' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* As the shim's form has it: "one:another". */
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

bool options_set(struct options *options, const char *name, const char *value, struct error *err)
{
	char text[128];
	int id = find(name);

	if (id < 0)
		return unknown(name, err);
	const struct option_row *row = &option_rows[id];
	if (!value && row->type == OPTION_TYPE_YESNO)
		value = "yes";
	if (!value && row->type == OPTION_TYPE_RUN)
		value = "";
	if (!value)
		return error_set(err, EXIT_USAGE, "--%s needs a value: --%s=%s", name, name,
		                 wanted(row->type, text, sizeof text));
	if (!is_good(row->type, value))
		return error_set(err, EXIT_USAGE, "--%s=%s: %s is wanted", name, value,
		                 wanted(row->type, text, sizeof text));
	if (row->type == OPTION_TYPE_PATHS)
		append(options, (enum option_id)id, value);
	else
		options_put(options, (enum option_id)id, value);
	return true;
}

/* key=value, or a key alone. */
static bool set_pair(struct options *options, const char *pair, bool may_be_internal, struct error *err)
{
	const char *equals = strchr(pair, '=');
	char *name = equals ? strndup(pair, (size_t)(equals - pair)) : strdup(pair);
	if (!name)
		return error_set(err, EXIT_INTERNAL, "out of memory");
	int id = find(name);
	bool good = id >= 0 && option_rows[id].scope == OPTION_SCOPE_SHIM && !may_be_internal
	                ? unknown(name, err)
	                : options_set(options, name, equals ? equals + 1 : NULL, err);

	free(name);
	return good;
}

/* --key, whose value is the next argument. */
static bool wants_next(const char *name)
{
	int id = strchr(name, '=') ? -1 : find(name);
	const struct option_row *row = id < 0 ? NULL : &option_rows[id];

	return row && row->type != OPTION_TYPE_YESNO && row->type != OPTION_TYPE_RUN && row->scope != OPTION_SCOPE_SHIM;
}

int options_parse_arguments(struct options *options, int argc, char **argv, struct error *err)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--"))
			return i + 1;
		if (!strcmp(argv[i], "-o")) {
			if (!argv[i + 1])
				return error_set(err, EXIT_USAGE, "-o needs a directory: -o RUN"), -1;
			if (!options_set(options, "run", argv[++i], err))
				return -1;
			continue;
		}
		if (argv[i][1] != '-')
			return error_set(err, EXIT_USAGE, "no option %s; `ringtail run --help` lists them",
			                 argv[i]),
			       -1;
		if (wants_next(argv[i] + 2) && argv[i + 1]) {
			if (!options_set(options, argv[i] + 2, argv[i + 1], err))
				return -1;
			i++;
		} else if (!set_pair(options, argv[i] + 2, false, err)) {
			return -1;
		}
	}
	return i;
}

/* ---- the shim's form --------------------------------------------------------------------- */

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
	char *item = malloc(strlen(text) + 1);
	bool good = item != NULL;

	while (good && *text) {
		text = next_item(text, item);
		good = !*item || set_pair(options, item, true, err);
	}
	free(item);
	return good;
}

bool options_parse_environment(struct options *options, struct error *err)
{
	const char *text = getenv("RINGTAIL");
	struct error why;

	return !text || options_parse_text(options, text, &why) ||
	       error_set(err, why.code, "in RINGTAIL: %.900s", why.text);
}

char *options_encode(const struct options *options)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!options->given[i] || option_rows[i].scope == OPTION_SCOPE_TOOL)
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
	return parse_yes(options_text(options, id)) == 1;
}

uint64_t options_number(const struct options *options, enum option_id id)
{
	uint64_t number = 0;

	parse_number(options_text(options, id), &number);
	return number;
}

static void help_row(FILE *out, const struct option_row *row)
{
	static const char *const placeholders[] = {
	    [OPTION_TYPE_STRING] = "TEXT", [OPTION_TYPE_PATH] = "PATH", [OPTION_TYPE_PATHS] = "PATH",
	    [OPTION_TYPE_RUN] = "RUN", [OPTION_TYPE_KINDS] = "KIND,...", [OPTION_TYPE_SIZE] = "SIZE",
	    [OPTION_TYPE_FRAMES] = "N",     [OPTION_TYPE_SECONDS] = "N", [OPTION_TYPE_MS] = "N",
        [OPTION_TYPE_YESNO] = "yes|no", [OPTION_TYPE_CHOICE_WAIT] = NULL};
	char left[64] = "", default_text[64] = "";
	const char *const *choices = choices_of(row->type);

	snprintf(left, sizeof left, "--%s=", row->name);
	for (size_t i = 0; choices && choices[i]; i++) {
		strncat(left, i ? "|" : "", sizeof left - strlen(left) - 1);
		strncat(left, choices[i], sizeof left - strlen(left) - 1);
	}
	if (!choices)
		strncat(left, placeholders[row->type], sizeof left - strlen(left) - 1);
	if (*row->value)
		snprintf(default_text, sizeof default_text, " (default %s)", row->value);
	fprintf(out, "  %-33s %s%s\n", left, row->help, default_text);
}

void options_help(FILE *out)
{
	fprintf(out, "  %-33s %s\n", "-o RUN", "the same as --run=RUN");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].scope != OPTION_SCOPE_SHIM)
			help_row(out, &option_rows[i]);
}
