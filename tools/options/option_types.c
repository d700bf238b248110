#include "tools/options/option_types.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/finding/kinds.h"

#define DAY_SECONDS 86400u
#define COUNT_MOST  100000000u

/* ---- values ------------------------------------------------------------------------ */

int option_parse_yes(const char *value)
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

bool option_parse_number(const char *value, uint64_t *number)
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

static bool is_from_to(const char *value, uint64_t least, uint64_t most)
{
	uint64_t number;

	return option_parse_number(value, &number) && number >= least && number <= most;
}

static bool is_digits(const char *value) { return *value && !value[strspn(value, "0123456789")]; }

static bool fits_yesno(const char *value) { return option_parse_yes(value) >= 0; }
static bool fits_any(const char *value) { return true; }
static bool fits_path(const char *value) { return *value != '\0'; }
static bool fits_kinds(const char *value) { return kinds_valid(value, &value); }
static bool fits_size(const char *value) { return is_from_to(value, 0, UINT64_MAX); }
static bool fits_frames(const char *value) { return is_from_to(value, 1, RT_DEPTH_MOST); }
static bool fits_count(const char *value) { return is_digits(value) && is_from_to(value, 0, COUNT_MOST); }
static bool fits_pid(const char *value) { return is_digits(value) && is_from_to(value, 1, INT64_MAX); }
static bool fits_seconds(const char *value) { return is_from_to(value, 0, DAY_SECONDS); }
static bool fits_ms(const char *value) { return is_from_to(value, 0, DAY_SECONDS * UINT64_C(1000)); }

static bool fits_percentage(const char *value)
{
	size_t digits = strspn(value, "0123456789");
	unsigned long number = strtoul(value, NULL, 10);

	return digits && !strcmp(value + digits, "%") && number >= 1 && number <= 100;
}

static bool fits_races(const char *value)
{
	return fits_yesno(value) || !strcmp(value, "server") || fits_percentage(value);
}

static bool fits_duration(const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	return *value && !*end && seconds > 0 && seconds <= DAY_SECONDS;
}

/* ---- the table ----------------------------------------------------------------------- */

static const char *const stacks_words[] = {"full", "caller", "none", NULL};
static const char *const on_full_words[] = {"wait", "drop", "overwrite", NULL};
static const char *const wait_words[] = {"cmd", "all", NULL};
static const char *const on_deadlock_words[] = {"report", "kill", "core", NULL};
static const char *const color_words[] = {"always", "never", "auto", NULL};
static const char *const measure_words[] = {"live", "peak", "allocated", NULL};

#define OPTION_VALUES(type, text) static const char values_##type[] = text;
#include "shim/option_values.def"
#undef OPTION_VALUES

/* Types of choices have words; all other types have the other members. */
static const struct type {
	const char *const *words;
	bool (*fits)(const char *value);
	const char *placeholder, *wanted;
	const char *alone; /* NULL: needs a value */
} types[OPTION_TYPE_COUNT_OF_TYPES] = {
    [OPTION_TYPE_FLAG] = {NULL, fits_yesno, "", "no value", "yes"},
    [OPTION_TYPE_YESNO] = {NULL, fits_yesno, "yes|no", values_YESNO, "yes"},
    [OPTION_TYPE_STRING] = {NULL, fits_any, "TEXT", "a text", NULL},
    [OPTION_TYPE_PATH] = {NULL, fits_path, "PATH", values_PATH, NULL},
    [OPTION_TYPE_PATHS] = {NULL, fits_path, "PATH", values_PATH, NULL},
    [OPTION_TYPE_RUN] = {NULL, fits_any, "RUN", "the directory of a run", ""},
    [OPTION_TYPE_KINDS] = {NULL, fits_kinds, "KIND,...", NULL, NULL}, /* wanted: kinds_wanted() */
    [OPTION_TYPE_SIZE] = {NULL, fits_size, "SIZE", values_SIZE, NULL},
    [OPTION_TYPE_FRAMES] = {NULL, fits_frames, "N", values_FRAMES, NULL},
    [OPTION_TYPE_COUNT] = {NULL, fits_count, "N", values_COUNT, NULL},
    [OPTION_TYPE_PID] = {NULL, fits_pid, "PID", "the id of a process", NULL},
    [OPTION_TYPE_SECONDS] = {NULL, fits_seconds, "N", values_SECONDS, NULL},
    [OPTION_TYPE_DURATION] = {NULL, fits_duration, "SECONDS", "a number of seconds, like 0.5, up to a day", NULL},
    [OPTION_TYPE_MS] = {NULL, fits_ms, "N", "a number of milliseconds, up to a day", NULL},
    [OPTION_TYPE_RACES] = {NULL, fits_races, "yes|no|server|N%", values_RACES, "yes"},
    [OPTION_TYPE_CHOICE_STACKS] = {.words = stacks_words},
    [OPTION_TYPE_CHOICE_ON_FULL] = {.words = on_full_words},
    [OPTION_TYPE_CHOICE_WAIT] = {.words = wait_words},
    [OPTION_TYPE_CHOICE_ON_DEADLOCK] = {.words = on_deadlock_words},
    [OPTION_TYPE_CHOICE_COLOR] = {.words = color_words},
    [OPTION_TYPE_CHOICE_MEASURE] = {.words = measure_words},
};

const char *const *option_type_words(enum option_type type) { return types[type].words; }

const char *option_type_alone(enum option_type type) { return types[type].alone; }

static bool is_word(const char *const *words, const char *value)
{
	for (; *words; words++)
		if (!strcmp(*words, value))
			return true;
	return false;
}

bool option_type_fits(enum option_type type, const char *const *words, const char *value)
{
	words = words ? words : types[type].words;
	return words ? is_word(words, value) : types[type].fits(value);
}

static const char *join(const char *const *words, const char *between, const char *before_last, char *text, size_t room)
{
	*text = '\0';
	for (size_t i = 0; words[i]; i++) {
		if (i)
			strncat(text, words[i + 1] ? between : before_last, room - strlen(text) - 1);
		strncat(text, words[i], room - strlen(text) - 1);
	}
	return text;
}

const char *option_type_wanted(enum option_type type, const char *const *words, char *text, size_t room)
{
	words = words ? words : types[type].words;
	if (words)
		return join(words, ", ", " or ", text, room);
	return type == OPTION_TYPE_KINDS ? kinds_wanted() : types[type].wanted;
}

const char *option_type_placeholder(enum option_type type, const char *const *words, char *text, size_t room)
{
	words = words ? words : types[type].words;
	return words ? join(words, "|", "|", text, room) : types[type].placeholder;
}
