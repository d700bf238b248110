/* The types of options: which values are good, and how --help and errors name what is wanted. */
#ifndef RINGTAIL_OPTIONS_OPTION_TYPES_H
#define RINGTAIL_OPTIONS_OPTION_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_TYPE_FLAG, /* takes no value; given is yes */
	OPTION_TYPE_YESNO,
	OPTION_TYPE_STRING,
	OPTION_TYPE_PATH,
	OPTION_TYPE_PATHS, /* each value is one more */
	OPTION_TYPE_RUN,   /* a path; "" for the name alone */
	OPTION_TYPE_KINDS,
	OPTION_TYPE_SIZE,
	OPTION_TYPE_FRAMES,
	OPTION_TYPE_COUNT,
	OPTION_TYPE_PID,
	OPTION_TYPE_SECONDS,
	OPTION_TYPE_DURATION, /* seconds with a fraction */
	OPTION_TYPE_MS,
	OPTION_TYPE_CHOICE, /* of words that the command says (struct option_choices) */
	OPTION_TYPE_CHOICE_STACKS,
	OPTION_TYPE_CHOICE_ON_FULL,
	OPTION_TYPE_CHOICE_WAIT,
	OPTION_TYPE_CHOICE_ON_DEADLOCK,
	OPTION_TYPE_CHOICE_COLOR,
	OPTION_TYPE_CHOICE_MEASURE,
	OPTION_TYPE_COUNT_OF_TYPES
};

/* The words of a choice, NULL terminated; NULL where the type has none of its own. */
const char *const *option_type_words(enum option_type type);
/* The value of `--key` alone; NULL: the key needs one, which may be the next argument. */
const char *option_type_alone(enum option_type type);
/* Whether the value can be given.  words: of OPTION_TYPE_CHOICE. */
bool option_type_fits(enum option_type type, const char *const *words, const char *value);
/* Into text: what would fit, for errors: "yes or no", "a size like 512K, 64M or 1G", "wait, drop or overwrite". */
const char *option_type_wanted(enum option_type type, const char *const *words, char *text, size_t room);
/* Into text: the value's place in --help: "yes|no", "SIZE", "wait|drop|overwrite". */
const char *option_type_placeholder(enum option_type type, const char *const *words, char *text, size_t room);

/* 1, 0, or -1 for what is neither yes nor no. */
int option_parse_yes(const char *value);
/* Digits, and K, M or G behind them. */
bool option_parse_number(const char *value, uint64_t *number);

#endif
