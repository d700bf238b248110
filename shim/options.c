#include "shim/options.h"

#include <string.h>

#include "shim/text.h"

struct options options;

enum option_type {
	PATH,
	SIZE,
	FRAMES,
	SECONDS,
	COUNT,
	RACES,
	YESNO,
	CHOICE_STACKS,
	CHOICE_ON_FULL,
	CHOICE_WAIT,
	STRING
};

struct choice {
	const char *name;
	uint32_t value;
};

static const struct choice stacks_choices[] = {
    {"full", RT_STACKS_FULL}, {"caller", RT_STACKS_CALLER}, {"none", RT_STACKS_NONE}, {NULL, 0}};
static const struct choice on_full_choices[] = {
    {"wait", RT_ON_FULL_WAIT}, {"drop", RT_ON_FULL_DROP}, {"overwrite", RT_ON_FULL_OVERWRITE}, {NULL, 0}};

/* A value that is not valid leaves the target unchanged. */
static bool set_path(void *target, const char *value)
{
	size_t length = strlen(value);
	if (length >= SHIM_PATH_MAX)
		return false;
	memcpy(target, value, length + 1);
	return true;
}

static bool set_yesno(void *target, const char *value)
{
	bool yes = !strcmp(value, "yes") || !strcmp(value, "1") || !strcmp(value, "on");
	bool no = !strcmp(value, "no") || !strcmp(value, "0") || !strcmp(value, "off");
	if (yes || no)
		*(bool *)target = yes;
	return yes || no;
}

static unsigned suffix_shift(char c)
{
	switch (c | 0x20) {
	case 'k': return 10;
	case 'm': return 20;
	case 'g': return 30;
	default: return 0;
	}
}

static bool set_number(void *target, const char *value)
{
	uint64_t number = 0;
	const char *c = value;
	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*c - '0'), &number))
			return false;
	if (c == value)
		return false;
	unsigned shift = suffix_shift(*c);
	if ((shift ? c[1] : c[0]) || number > UINT64_MAX >> shift)
		return false;
	*(uint64_t *)target = number << shift;
	return true;
}

static bool set_frames(void *target, const char *value)
{
	uint64_t number;
	bool good = set_number(&number, value) && number >= 1 && number <= RT_DEPTH_MOST;
	if (good)
		*(uint64_t *)target = number;
	return good;
}

#define COUNT_MOST 100000000u

static bool set_count(void *target, const char *value)
{
	uint64_t number;
	bool good = set_number(&number, value) && value[strlen(value) - 1] <= '9' && number <= COUNT_MOST;
	if (good)
		*(uint64_t *)target = number;
	return good;
}

/* "30%" to 30; 0: it is no percentage from 1% to 100%. */
static uint32_t percent(const char *value)
{
	uint32_t number = 0;
	for (; *value >= '0' && *value <= '9' && number <= 100; value++)
		number = number * 10 + (uint32_t)(*value - '0');
	return value[0] == '%' && !value[1] && number <= 100 ? number : 0;
}

#define RACES_YES    (30u | RACES_FLOOR)
#define RACES_SERVER 5u

static bool set_races(void *target, const char *value)
{
	bool yes;
	uint32_t races = strcmp(value, "server") ? percent(value) : RACES_SERVER;
	if (!races) {
		if (!set_yesno(&yes, value))
			return false;
		races = yes ? RACES_YES : 0;
	}
	*(uint32_t *)target = races;
	return true;
}

static bool set_choice(uint32_t *target, const struct choice *choices, const char *value)
{
	for (; choices->name; choices++)
		if (!strcmp(choices->name, value)) {
			*target = choices->value;
			return true;
		}
	return false;
}

static bool set_value(enum option_type type, void *target, const char *value)
{
	switch (type) {
	case PATH: return set_path(target, value);
	case YESNO: return set_yesno(target, value);
	case SIZE:
	case SECONDS: return set_number(target, value);
	case COUNT: return set_count(target, value);
	case RACES: return set_races(target, value);
	case FRAMES: return set_frames(target, value);
	case CHOICE_STACKS: return set_choice(target, stacks_choices, value);
	case CHOICE_ON_FULL: return set_choice(target, on_full_choices, value);
	default: return false;
	}
}

/* Rows of the table that are for the shim; the rows of the other scope are for the tool alone. */
#define ROW_BOTH(id, name, type, value) {name, type, value, &options.id},
#define ROW_SHIM(id, name, type, value) {name, type, value, &options.id},
#define ROW_TOOL(id, name, type, value)
#define OPTION(id, name, type, value, scope, help) ROW_##scope(id, name, type, value)

static const struct option {
	const char *name;
	enum option_type type;
	const char *value;
	void *target;
} table[] = {
#include "shim/options.def"
};
#define TABLE_ROWS (sizeof table / sizeof *table)

/* RINGTAIL may be set for both the tool and the shim: names of the tool's options are no errors. */
#undef ROW_BOTH
#undef ROW_SHIM
#undef ROW_TOOL
#define ROW_BOTH(id, name, type, value)
#define ROW_SHIM(id, name, type, value)
#define ROW_TOOL(id, name, type, value) name,
static const char *const of_tool[] = {
#include "shim/options.def"
};

static bool is_of_tool(const char *name)
{
	for (size_t i = 0; i < sizeof of_tool / sizeof *of_tool; i++)
		if (!strcmp(of_tool[i], name))
			return true;
	return false;
}

/* ---- what is wrong ------------------------------------------------------------------------ */

static const char *const wanted[STRING + 1] = {
#define OPTION_VALUES(type, text) [type] = text,
#include "shim/option_values.def"
#undef OPTION_VALUES
};

/* "full, caller or none" */
static char *append_choices(char *at, char *end, const struct choice *choices)
{
	for (const struct choice *choice = choices; choice->name; choice++) {
		at = text_append(at, end, choice == choices ? "" : choice[1].name ? ", " : " or ");
		at = text_append(at, end, choice->name);
	}
	return at;
}

static char *append_wanted(char *at, char *end, enum option_type type)
{
	switch (type) {
	case CHOICE_STACKS: return append_choices(at, end, stacks_choices);
	case CHOICE_ON_FULL: return append_choices(at, end, on_full_choices);
	default: return text_append(at, end, wanted[type] ? wanted[type] : "another value");
	}
}

/* option: NULL if no option has the name. */
static void describe(const struct option *option, const char *name, const char *value, char *at, char *end)
{
	if (!option) {
		text_append(text_append(at, end, "there is no key "), end, name);
		return;
	}
	at = text_append(text_append(at, end, name), end, " takes ");
	at = append_wanted(at, end, option->type);
	text_append(text_append(text_append(at, end, ", not \""), end, value), end, "\"");
}

/* ---- parsing ------------------------------------------------------------------------------ */

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < TABLE_ROWS; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

/* Copies one "key=value" up to an unprotected ':' and takes the backslashes out.  Returns what follows. */
static const char *next_item(const char *text, char *item, size_t room)
{
	size_t used = 0;
	for (; *text && *text != ':'; text++) {
		if (*text == '\\' && text[1])
			text++;
		if (used + 1 < room)
			item[used++] = *text;
	}
	item[used] = '\0';
	return *text ? text + 1 : text;
}

const char *options_parse(const char *text)
{
	static char item[SHIM_PATH_MAX + 32], bad[256];

	bad[0] = '\0';
	for (size_t i = 0; i < TABLE_ROWS; i++)
		set_value(table[i].type, table[i].target, table[i].value);
	while (text && *text) {
		text = next_item(text, item, sizeof item);
		char *equals = strchr(item, '=');
		if (!item[0])
			continue;
		if (equals)
			*equals = '\0';
		const struct option *option = find_option(item);
		const char *value = equals ? equals + 1 : "yes";
		bool good = option ? set_value(option->type, option->target, value) : is_of_tool(item);
		if (!good && !bad[0])
			describe(option, item, value, bad, bad + sizeof bad);
	}
	return bad[0] ? bad : NULL;
}
