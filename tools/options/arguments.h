/* The one parser of command lines, and --help: both from the tables of commands and options, and what the command says
 * of itself. */
#ifndef RINGTAIL_OPTIONS_ARGUMENTS_H
#define RINGTAIL_OPTIONS_ARGUMENTS_H

#include <stdio.h>

#include "tools/options/options.h"

/* The words of an option of type CHOICE. */
struct option_choices {
	enum option_id id;
	const char *const *words;   /* NULL terminated */
	void (*explain)(FILE *out); /* what --help says of them below the option; NULL: nothing */
};

/* A command, as the parser and --help need it. */
struct usage {
	enum command_id command;
	const char *about;                    /* what it does: a paragraph of --help, wrapped when it is printed */
	const char *operands;                 /* what its operands are: a paragraph; or NULL */
	const char *options_title;            /* a line above the options; or NULL */
	const char *behind;                   /* text after the options: examples */
	unsigned column;                      /* column in which the help of options begins */
	bool environment;                     /* it also takes options from RINGTAIL; the command line overrides them */
	const struct option_choices *choices; /* ends with a row without words; NULL: there are none */
};

struct arguments {
	struct options options; /* the caller frees it with options_free, also after an error */
	char **operands;        /* in argv, NULL terminated */
	unsigned operand_count;
};

/*
 * Parses a command line.  argv[0] is the command's name; the rest of argv is put into another order.
 *
 * Options are --key=value, --key value, --key (if it needs no value), -k value and -kvalue.  They may stand anywhere
 * before "--"; if the operands are a command line, anywhere before the first operand.  A name may be shortened if no
 * other option of the command begins so.  False: err says what is wrong (EXIT_USAGE).  With --help, operands and
 * RINGTAIL are not checked.
 */
bool arguments_parse(struct arguments *arguments, const struct usage *usage, int argc, char **argv, struct error *err);

/* For a missing option that the command needs: fills err, with the form of its value, and returns false. */
bool arguments_need(const struct usage *usage, enum option_id id, struct error *err);

void usage_print(const struct usage *usage, FILE *out);
/* For `explain` of struct option_choices: prints the words of text, and a newline, in lines as wide as those of --help.
 * used: the columns that the line has already; indent: blanks in front of the lines that follow. */
void usage_wrap(FILE *out, const char *text, unsigned used, unsigned indent);

#endif
