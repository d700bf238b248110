/* The types of options: which values are valid, and how --help and errors describe them. */
#ifndef RINGTAIL_OPTIONS_OPTION_TYPES_H
#define RINGTAIL_OPTIONS_OPTION_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_TYPE_FLAG, /* takes no value; if it is given, it is on */
	OPTION_TYPE_YESNO,
	OPTION_TYPE_STRING,
	OPTION_TYPE_PATH,
	OPTION_TYPE_PATHS, /* may be given several times; each value is added */
	OPTION_TYPE_RUN,   /* a path; "" for the name alone */
	OPTION_TYPE_KINDS,
	OPTION_TYPE_SIZE,
	OPTION_TYPE_FRAMES,
	OPTION_TYPE_COUNT,
	OPTION_TYPE_PID,
	OPTION_TYPE_SECONDS,
	OPTION_TYPE_DURATION, /* seconds with a fraction */
	OPTION_TYPE_MS,
	OPTION_TYPE_RACES,  /* yes, no, server, or a percentage */
	OPTION_TYPE_CHOICE, /* one of the words that the command gives (struct option_choices) */
	OPTION_TYPE_CHOICE_STACKS,
	OPTION_TYPE_CHOICE_ON_FULL,
	OPTION_TYPE_CHOICE_WAIT,
	OPTION_TYPE_CHOICE_ON_DEADLOCK,
	OPTION_TYPE_CHOICE_COLOR,
	OPTION_TYPE_CHOICE_MEASURE,
	OPTION_TYPE_COUNT_OF_TYPES
};

/* The words of a choice, NULL terminated.  NULL: the type has no words of its own. */
const char *const *option_type_words(enum option_type type);
/* The value of `--key` without a value.  NULL: the key needs a value, which may be the next argument. */
const char *option_type_alone(enum option_type type);
/* True if the value is valid.  words: those of an OPTION_TYPE_CHOICE. */
bool option_type_fits(enum option_type type, const char *const *words, const char *value);
/* Writes to text which values are valid, for errors: "yes or no", "a size like 512K, 64M or 1G", "wait, drop or
 * overwrite". */
const char *option_type_wanted(enum option_type type, const char *const *words, char *text, size_t room);
/* Writes to text how --help shows the value: "yes|no", "SIZE", "wait|drop|overwrite". */
const char *option_type_placeholder(enum option_type type, const char *const *words, char *text, size_t room);

/* 1 for yes, 0 for no, -1 for any other value. */
int option_parse_yes(const char *value);
/* Parses digits, which K, M or G may follow. */
bool option_parse_number(const char *value, uint64_t *number);

#endif
